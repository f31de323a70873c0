import type { ReactNode } from 'react'
import { useTitle } from '../parts/use-title.ts'
import { Logo } from '../shell/logo.tsx'

/** The frame of what people see before they are in. */
export function Entrance({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  useTitle(title)
  return (
    <main className="mx-auto flex min-h-full w-full max-w-sm flex-col justify-center px-5 py-12">
      <div className="mb-8">
        <Logo />
      </div>
      <h1 className="text-2xl font-semibold">{title}</h1>
      {lead && <div className="mt-1.5 text-muted">{lead}</div>}
      <div className="mt-6">{children}</div>
    </main>
  )
}
