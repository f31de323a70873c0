import type { Key } from '@keywright/client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { type HistoryState, Link } from '@tanstack/react-router'
import { contractQuery, type KeyOrder } from '../api/queries.ts'
import { EnvironmentBadge, StateBadge } from '../parts/badge.tsx'
import { type Column, SortableTable } from '../parts/sortable-table.tsx'
import { Cell, NameCell, Row, Under } from '../parts/table.tsx'
import { Foreign, Mono } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { Expiry } from './expiry-cell.tsx'
import { Maker } from './maker.tsx'
import { Sparkline } from './sparkline.tsx'
import { isUsed, useUses } from './uses.ts'

export interface KeyTableProps {
  keys: readonly Key[]
  organization: string
  sort: { order: KeyOrder; direction: 'asc' | 'desc' }
  onSort: (sort: { order: KeyOrder; direction: 'asc' | 'desc' }) => void
  chosen: ReadonlySet<string>
  /** Where a key leads back to. Absent: to all keys. */
  list?: HistoryState['keyList']
  /** Absent: nothing can be chosen. */
  onChoose?: (chosen: ReadonlySet<string>) => void
}

const columns: readonly Column<KeyOrder>[] = [
  { label: 'Name', order: 'name' },
  { label: 'Key', isExtra: true },
  { label: 'State', isExtra: true },
  { label: 'Usage, 7 days', isExtra: 'wide' },
  { label: 'Last used', order: 'lastUsed', isExtra: true },
  { label: 'Expires', order: 'expires', isExtra: true },
  { label: 'Created', order: 'created', isExtra: 'wide' },
]

export function KeyTable({ keys, organization, sort, onSort, chosen, list, onChoose }: KeyTableProps) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const hasEnvironments = new Set(contract.forms.map(({ environment }) => environment)).size > 1
  const uses = useUses(organization, keys)
  const choosable = keys.filter(isChoosable)
  const isAll = choosable.length > 0 && choosable.every(({ id }) => chosen.has(id))
  const toggle = (ids: readonly string[], isChosen: boolean) => {
    const next = new Set(chosen)
    for (const id of ids) isChosen ? next.add(id) : next.delete(id)
    onChoose?.(next)
  }
  return (
    <SortableTable
      label="API keys"
      columns={columns}
      sort={sort}
      onSort={onSort}
      before={
        onChoose && (
          <Check
            label="Choose all on this page"
            isChecked={isAll}
            isDisabled={choosable.length === 0}
            onChange={(isChosen) =>
              toggle(
                choosable.map(({ id }) => id),
                isChosen,
              )
            }
          />
        )
      }
    >
      {keys.map((key) => (
        <Row key={key.id}>
          {onChoose && (
            <td className="w-px pl-5">
              <Check
                label={`Choose ${key.name}`}
                isChecked={chosen.has(key.id)}
                isDisabled={!isChoosable(key)}
                onChange={(isChosen) => toggle([key.id], isChosen)}
              />
            </td>
          )}
          <NameCell className="max-w-40 min-w-40 lg:max-w-60">
            <Link
              to="/$organization/keys/$key"
              params={{ organization, key: key.id }}
              state={list ? { keyList: list } : {}}
              className="flex font-medium underline-offset-4 hover:underline"
            >
              <Foreign>{key.name}</Foreign>
            </Link>
            <Under>
              <Mono>{key.hint}</Mono>
              <StateBadge state={key.state} />
              <LastUse of={key} />
            </Under>
          </NameCell>
          <Cell isExtra className="whitespace-nowrap">
            <span className="inline-flex items-center gap-2">
              <Mono>{key.hint}</Mono>
              {hasEnvironments && <EnvironmentBadge environment={key.environment} />}
            </span>
          </Cell>
          <Cell isExtra>
            <StateBadge state={key.state} />
          </Cell>
          <Cell isExtra="wide">
            <Sparkline use={isUsed(key) ? uses(key.id) : null} />
          </Cell>
          <Cell isExtra className="whitespace-nowrap text-muted">
            <LastUse of={key} />
          </Cell>
          <Cell isExtra className="whitespace-nowrap text-muted">
            <Expiry of={key} />
          </Cell>
          <Cell isExtra="wide" className="max-w-48 text-muted">
            <span className="flex flex-col leading-snug whitespace-nowrap">
              <When time={key.createdAt} />
              {key.createdBy !== null && (
                <span className="flex text-xs">
                  <span>by&nbsp;</span>
                  <Maker of={key} />
                </span>
              )}
            </span>
          </Cell>
        </Row>
      ))}
    </SortableTable>
  )
}

function LastUse({ of: { lastUsedAt } }: { of: Key }) {
  return lastUsedAt === null ? 'Never used' : <When time={lastUsedAt} />
}

/** What can still be revoked. */
function isChoosable({ state }: Key): boolean {
  return state !== 'revoked'
}

interface CheckProps {
  label: string
  isChecked: boolean
  isDisabled: boolean
  onChange: (isChecked: boolean) => void
}

function Check({ label, isChecked, isDisabled, onChange }: CheckProps) {
  return (
    <label className="flex size-6 items-center justify-center">
      <input
        type="checkbox"
        aria-label={label}
        checked={isChecked}
        disabled={isDisabled}
        onChange={(event) => onChange(event.target.checked)}
        className="size-4 accent-(--color-accent)"
      />
    </label>
  )
}
