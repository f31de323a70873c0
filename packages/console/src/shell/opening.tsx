import { useRouterState } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { router } from '../router.tsx'
import { Logo } from './logo.tsx'

/** Most are there sooner, and would only flicker. */
const patienceMs = 400

/** Until the first page is there: on a slow line nothing would be to be seen. */
export function Opening() {
  const isThere = useRouterState({ router, select: ({ resolvedLocation }) => resolvedLocation !== undefined })
  const [isLate, setLate] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), patienceMs)
    return () => clearTimeout(timer)
  }, [])
  if (isThere || !isLate) return null
  return (
    <main className="pointer-events-none fixed inset-0 flex items-center justify-center">
      <div role="status">
        <Logo />
        <span className="sr-only">is opening</span>
      </div>
    </main>
  )
}
