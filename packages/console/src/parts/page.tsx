import type { ReactNode } from 'react'
import { titleId, useTitle } from './use-title.ts'

/** Every screen: its heading, what can be done on it, and its content. */
export function Page({
  title,
  heading = title,
  description,
  actions,
  children,
}: {
  title: string
  heading?: ReactNode
  description?: ReactNode
  actions?: ReactNode
  children: ReactNode
}) {
  useTitle(title)
  return (
    <div className="@container mx-auto w-full max-w-6xl px-4 py-6 sm:px-8 sm:py-9">
      <div className="mb-6 flex flex-wrap items-start justify-between gap-4">
        <div className="min-w-0 max-w-2xl">
          <h1 id={titleId} className="flex flex-wrap items-center gap-x-3 gap-y-1 text-2xl font-semibold">
            {heading}
          </h1>
          {description && <div className="mt-1 text-pretty text-muted">{description}</div>}
        </div>
        {actions && <div className="flex flex-wrap gap-2 max-sm:w-full print:hidden">{actions}</div>}
      </div>
      {children}
    </div>
  )
}

export function Card({ title, actions, children }: { title?: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="rounded-xl border bg-surface">
      {title && (
        <header className="flex flex-wrap items-center justify-between gap-3 border-b px-5 py-3.5">
          <h2 className="font-semibold">{title}</h2>
          {actions}
        </header>
      )}
      {children}
    </section>
  )
}

export function Empty({
  icon,
  title,
  children,
  action,
}: {
  icon: ReactNode
  title: string
  children: ReactNode
  action?: ReactNode
}) {
  return (
    <div className="flex flex-col items-center px-6 py-14 text-center">
      <div className="mb-4 flex size-11 items-center justify-center rounded-xl border bg-raised text-accent">
        {icon}
      </div>
      <h2 className="text-lg font-semibold">{title}</h2>
      <div className="mt-1 mb-5 max-w-md text-muted">{children}</div>
      {action}
    </div>
  )
}

export function Loading({ label = 'Loading' }: { label?: string }) {
  return (
    <div role="status" className="space-y-3 p-5">
      <span className="sr-only">{label}</span>
      {[72, 88, 64].map((width) => (
        <div key={width} className="h-4 animate-pulse rounded bg-raised" style={{ width: `${width}%` }} />
      ))}
    </div>
  )
}

/** Label and value, one below the other on a narrow screen. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="@container divide-y">
      {facts.map(([label, value]) => (
        <div key={label} className="grid gap-x-6 gap-y-0.5 px-5 py-3 sm:@sm:grid-cols-[10rem_1fr]">
          <dt className="text-muted">{label}</dt>
          <dd className="min-w-0">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
