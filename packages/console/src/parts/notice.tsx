import { ConnectionError, KeywrightError, ProblemError } from '@keywright/client'
import { CircleAlert, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from './button.tsx'

export function Notice({
  tone = 'warn',
  title,
  children,
}: {
  tone?: 'warn' | 'bad'
  title?: string
  children?: ReactNode
}) {
  const Icon = tone === 'bad' ? CircleAlert : TriangleAlert
  return (
    <div
      role={tone === 'bad' ? 'alert' : 'note'}
      className={`flex gap-3 rounded-lg px-4 py-3 ${tone === 'bad' ? 'bg-bad-soft text-bad' : 'bg-warn-soft text-warn'}`}
    >
      <Icon size={16} aria-hidden className="mt-0.5 shrink-0" />
      <div className="min-w-0 break-words">
        {title && <p className="font-medium">{title}</p>}
        {children}
      </div>
    </div>
  )
}

/** What happened and what to do next, in the server's own words where it had some. */
export function ErrorNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, text, reference } = explain(error)
  return (
    <Notice tone="bad" title={title}>
      <p>{text}</p>
      {reference && <p className="mt-1 text-xs">Request {reference}</p>}
      {onRetry && (
        <Button onClick={onRetry} className="mt-3">
          Try again
        </Button>
      )}
    </Notice>
  )
}

function explain(error: unknown): { title: string; text: string; reference?: string | null } {
  // In the server's words it is about credentials, which are a program's to send.
  if (error instanceof ProblemError && error.code === 'missing_credential') {
    return { title: 'You are not signed in', text: 'Sign in, and try again.' }
  }
  if (error instanceof ProblemError) {
    const fields = error.errors.map(({ field, message }) => `${field} ${message}`).join('; ')
    return {
      title: error.title,
      text: fields || error.message,
      reference: error.status >= 500 ? error.requestId : null,
    }
  }
  if (error instanceof ConnectionError) {
    return { title: 'The server does not answer', text: 'Check that Keywright is running and that you are online.' }
  }
  const text = error instanceof KeywrightError || error instanceof Error ? error.message : String(error)
  return { title: 'That did not work', text }
}

/** What the server says of one field: `name` → `has at most 200 characters`. */
export function fieldError(error: unknown, field: string): string | undefined {
  if (!(error instanceof ProblemError)) return undefined
  const found = error.errors.find((wrong) => wrong.field === field || wrong.field.startsWith(`${field}.`))
  return found && `It ${found.message}.`
}
