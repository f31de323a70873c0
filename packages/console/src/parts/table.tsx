import type { ReactNode } from 'react'

const sides = 'px-2 first:pl-4 last:pr-3 sm:px-3 sm:first:pl-5 sm:last:pr-5 2xl:px-4'

const cellClass = `h-13 py-2 ${sides}`

export const headClass = `h-9 font-medium whitespace-nowrap ${sides}`

/** Scrolls sideways by itself where its content is wider than the screen, with the keyboard too. */
export function TableFrame({ label, head, children }: { label: string; head: ReactNode; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section className="relative overflow-x-auto rounded-[inherit]" aria-label={label} tabIndex={0}>
      <table className="w-full border-collapse text-left">
        <thead>
          <tr className="border-b bg-canvas text-xs text-muted">{head}</tr>
        </thead>
        <tbody className="divide-y">{children}</tbody>
      </table>
    </section>
  )
}

/** Not there on a narrow screen: what matters most is under the name then. */
const extraClass = 'max-md:hidden'

/** `wide`: only where there is much room. */
export type Extra = boolean | 'wide'

export function extraClassOf(isExtra: Extra): string {
  return isExtra === 'wide' ? 'max-xl:hidden' : isExtra ? extraClass : ''
}

export interface Heading {
  label: string
  isExtra: Extra
}

export function extra(label: string, isExtra: Extra = true): Heading {
  return { label, isExtra }
}

export function Table({
  label,
  columns,
  children,
}: {
  label: string
  columns: readonly (string | Heading)[]
  children: ReactNode
}) {
  const headings = columns.map((column) => (typeof column === 'string' ? { label: column, isExtra: false } : column))
  return (
    <TableFrame
      label={label}
      head={headings.map(({ label, isExtra }) => (
        <th key={label} scope="col" className={`${headClass} ${extraClassOf(isExtra)}`}>
          {label.startsWith('(') ? <span className="sr-only">{label.slice(1, -1)}</span> : label}
        </th>
      ))}
    >
      {children}
    </TableFrame>
  )
}

export function Row({ children }: { children: ReactNode }) {
  return <tr className="transition-colors hover:bg-raised/60">{children}</tr>
}

interface CellProps {
  children: ReactNode
  isExtra?: Extra
  className?: string
}

export function Cell({ children, isExtra = false, className = '' }: CellProps) {
  return <td className={`${cellClass} ${extraClassOf(isExtra)} ${className}`}>{children}</td>
}

/** What a row is called: read out with each of its cells. */
export function NameCell({ children, className = '' }: Omit<CellProps, 'isExtra'>) {
  return (
    <th scope="row" className={`${cellClass} font-normal ${className}`}>
      {children}
    </th>
  )
}

/** Under a name, where there is no room for a column of it. */
export function Under({ children }: { children: ReactNode }) {
  return (
    <span className="mt-0.5 flex flex-wrap items-center gap-x-2 gap-y-1 text-[0.8125rem] font-normal text-muted md:hidden">
      {children}
    </span>
  )
}
