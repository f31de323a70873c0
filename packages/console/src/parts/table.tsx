import type { ReactNode } from 'react'

export const headClass = 'h-9 px-4 font-medium whitespace-nowrap first:pl-5 last:pr-5'

/** Scrolls sideways by itself where its content is wider than the screen, with the keyboard too. */
export function ScrollArea({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section className="relative overflow-x-auto rounded-[inherit]" aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}

export function Table({
  label,
  columns,
  children,
}: {
  label: string
  columns: readonly string[]
  children: ReactNode
}) {
  return (
    <ScrollArea label={label}>
      <table className="w-full border-collapse text-left">
        <thead>
          <tr className="border-b bg-canvas text-xs text-muted">
            {columns.map((column) => (
              <th key={column} scope="col" className={headClass}>
                {column.startsWith('(') ? <span className="sr-only">{column.slice(1, -1)}</span> : column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y">{children}</tbody>
      </table>
    </ScrollArea>
  )
}

export function Row({ children }: { children: ReactNode }) {
  return <tr className="transition-colors hover:bg-raised/60">{children}</tr>
}

export function Cell({ children, className = '' }: { children: ReactNode; className?: string }) {
  return <td className={`h-13 px-4 py-2 first:pl-5 last:pr-5 ${className}`}>{children}</td>
}
