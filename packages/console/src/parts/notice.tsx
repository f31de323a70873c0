import { CircleAlert, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button, buttonClass } from './button.tsx'
import { explain } from './problem-words.ts'

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
      <div className="min-w-0">
        {title && <p className="font-medium">{title}</p>}
        {children}
      </div>
    </div>
  )
}

/** What happened and what to do next. */
export function ErrorNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, text, reference, isSignedOut } = explain(error)
  return (
    <Notice tone="bad" title={title}>
      {text !== '' && <p>{text}</p>}
      {reference && <p className="mt-1 text-xs">Request {reference}</p>}
      {/* A dialog lies over the page's own way in; and another window keeps what was typed into this one. */}
      {isSignedOut && (
        <a href="/sign-in" target="_blank" rel="noopener" className={`${buttonClass()} mt-3 not-in-[dialog]:hidden`}>
          Sign in in a new window
        </a>
      )}
      {onRetry && (
        <Button onClick={onRetry} className="mt-3">
          Try again
        </Button>
      )}
    </Notice>
  )
}
