import { type ReactNode, useEffect } from 'react'
import { focusContent } from '../parts/content.ts'
import { titleId, useTitle } from '../parts/use-title.ts'
import { Logo } from '../shell/logo.tsx'

/** The frame of what people see before they are in. */
export function Entrance({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  useTitle(title)
  useFocusIn(title)
  return (
    <main
      id="content"
      aria-labelledby={titleId}
      tabIndex={-1}
      className="mx-auto flex min-h-full w-full max-w-sm flex-col justify-center px-5 py-12 outline-none"
    >
      <div className="mb-8">
        <Logo />
      </div>
      <h1 id={titleId} className="text-2xl font-semibold">
        {title}
      </h1>
      {lead && <div className="mt-1.5 text-muted">{lead}</div>}
      <div className="mt-6">{children}</div>
    </main>
  )
}

/** What led from one step to the next is gone, and the focus with it: who works with the keyboard goes on in the new one. */
export function useFocusIn(step: unknown): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each step
  useEffect(() => {
    if (document.activeElement === document.body) focusContent()
  }, [step])
}
