import { Link } from '@tanstack/react-router'
import { buttonClass } from '../parts/button.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { useTitle } from '../parts/use-title.ts'
import { Logo } from './logo.tsx'

export function NotFound() {
  useTitle('There is nothing here')
  return (
    <main className="mx-auto flex min-h-full max-w-md flex-col justify-center gap-4 p-6">
      <Logo />
      <h1 className="text-2xl font-semibold">There is nothing here</h1>
      <p className="text-muted">The address is wrong, or what it shows is not for you.</p>
      <Link to="/" className={`${buttonClass('primary')} self-start`}>
        Go to your keys
      </Link>
    </main>
  )
}

export function Crashed({ error }: { error: unknown }) {
  useTitle('This page could not be shown')
  return (
    <main className="mx-auto flex min-h-full max-w-md flex-col justify-center gap-4 p-6">
      <Logo />
      <h1 className="text-2xl font-semibold">This page could not be shown</h1>
      <ErrorNotice error={error} onRetry={() => location.reload()} />
    </main>
  )
}
