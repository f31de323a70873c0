import { ArrowDown, ArrowUp } from 'lucide-react'
import type { ReactNode } from 'react'
import { type Extra, extraClassOf, headClass, TableFrame } from './table.tsx'

export interface Column<Order extends string> {
  label: string
  /** What its heading sorts by. */
  order?: Order
  /** Not there on a narrow screen. */
  isExtra?: Extra
}

interface Sort<Order> {
  order: Order
  direction: 'asc' | 'desc'
}

/** A table whose headings sort it; the order is the server's to make. */
export function SortableTable<Order extends string>({
  label,
  columns,
  sort,
  onSort,
  before,
  children,
}: {
  label: string
  columns: readonly Column<Order>[]
  sort: Sort<Order>
  onSort: (sort: Sort<Order>) => void
  /** Heading of a first column without a name. */
  before?: ReactNode
  children: ReactNode
}) {
  return (
    <TableFrame
      label={label}
      head={
        <>
          {before && <td className="w-px pl-5">{before}</td>}
          {columns.map(({ label, order, isExtra = false }) => (
            <th
              key={label}
              scope="col"
              className={`${headClass} ${extraClassOf(isExtra)}`}
              {...(order === sort.order && { 'aria-sort': sort.direction === 'asc' ? 'ascending' : 'descending' })}
            >
              {order === undefined ? (
                label
              ) : (
                <button
                  type="button"
                  className="inline-flex h-7 items-center gap-1 rounded hover:text-ink"
                  onClick={() => onSort({ order, direction: turned(sort, order) })}
                >
                  {label}
                  {order === sort.order && <Arrow direction={sort.direction} />}
                </button>
              )}
            </th>
          ))}
        </>
      }
    >
      {children}
    </TableFrame>
  )
}

function turned<Order extends string>(sort: Sort<Order>, order: Order): 'asc' | 'desc' {
  return sort.order === order && sort.direction === 'asc' ? 'desc' : 'asc'
}

function Arrow({ direction }: { direction: 'asc' | 'desc' }) {
  const Icon = direction === 'asc' ? ArrowUp : ArrowDown
  return <Icon size={12} aria-hidden />
}
