import type { AuditFilter, Member } from '@keywright/client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { contractQuery } from '../api/queries.ts'
import { beginOf, lastDay } from '../parts/day.ts'
import { Field, Input, Select } from '../parts/field.tsx'
import { visible } from '../parts/text.tsx'
import { capitalized } from '../shell/words.ts'
import { actionInWords, actionsOf, triggers } from './words.ts'

/** As it is typed and chosen; empty: any. */
export interface AuditAsked {
  action: string
  triggeredBy: string
  actor: string
  key: string
  /** `2026-11-21`, in the reader's zone. */
  from: string
  to: string
}

export const everything: AuditAsked = { action: '', triggeredBy: '', actor: '', key: '', from: '', to: '' }

export function filterOf(organization: string, asked: AuditAsked): AuditFilter {
  const { action, triggeredBy, actor, key, from, to } = asked
  const until = beginOf(to)
  until?.setDate(until.getDate() + 1)
  return {
    organization,
    action: action || undefined,
    triggeredBy: (triggeredBy || undefined) as AuditFilter['triggeredBy'],
    actor: actor || undefined,
    key: key.trim() || undefined,
    since: beginOf(from)?.toISOString(),
    until: until?.toISOString(),
  }
}

export function AuditFilters({
  value,
  onChange,
  members,
}: {
  value: AuditAsked
  onChange: (asked: AuditAsked) => void
  members: readonly Member[]
}) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const changed = (name: keyof AuditAsked) => (event: { target: { value: string } }) =>
    onChange({ ...value, [name]: event.target.value })
  return (
    <div className="mb-5 grid grid-cols-2 gap-x-3 gap-y-3 lg:grid-cols-3">
      <Field label="Action">
        {(field) => (
          <Select {...field} value={value.action} onChange={changed('action')}>
            <option value="">Any action</option>
            {actionsOf(contract).map((action) => (
              <option key={action} value={action}>
                {capitalized(actionInWords(action, contract.docs.organization))}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label="Who">
        {(field) => (
          <Select {...field} value={value.actor} onChange={changed('actor')}>
            <option value="">Anyone</option>
            {members.map(({ user, name, email }) => (
              <option key={user} value={user}>
                {visible(name ?? email ?? user)}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label="Through">
        {(field) => (
          <Select {...field} value={value.triggeredBy} onChange={changed('triggeredBy')}>
            <option value="">Any way</option>
            {Object.entries(triggers).map(([value, label]) => (
              <option key={value} value={value}>
                {label} ({value})
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label="Key id">
        {(field) => <Input {...field} placeholder="key_…" value={value.key} onChange={changed('key')} />}
      </Field>
      <Field label="From">
        {(field) => (
          <Input {...field} type="date" max={value.to || lastDay} value={value.from} onChange={changed('from')} />
        )}
      </Field>
      <Field label="To">
        {(field) => (
          <Input {...field} type="date" min={value.from} max={lastDay} value={value.to} onChange={changed('to')} />
        )}
      </Field>
    </div>
  )
}
