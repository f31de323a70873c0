import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { viewerQuery } from '../api/queries.ts'
import { buttonClass } from '../parts/button.tsx'

/** Around everything that needs someone signed in: says so where they no longer are. */
export function SignedIn() {
  const { data: viewer } = useQuery(viewerQuery)
  const href = useRouterState({ select: ({ location }) => location.href })
  return (
    <>
      {viewer?.hasLeft && (
        <div
          role="alert"
          className="sticky top-0 z-30 flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-b bg-warn-soft px-5 py-2.5 text-warn"
        >
          <span>Your session has ended. What you see may be old, and cannot be changed.</span>
          <Link to="/sign-in" search={{ to: href }} className={buttonClass()}>
            Sign in
          </Link>
        </div>
      )}
      <Outlet />
    </>
  )
}
