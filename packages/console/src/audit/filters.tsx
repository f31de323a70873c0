import type { AuditFilter, Member } from '@keywright/client'
import { useSuspenseQuery } from '@tanstack/react-query'
import type { InputHTMLAttributes } from 'react'
import { contractQuery } from '../api/queries.ts'
import { beginOf, lastDay } from '../parts/day.ts'
import { Field, Input, Select } from '../parts/field.tsx'
import { type Typed, useTyped } from '../parts/kept.ts'
import { visible } from '../parts/text.tsx'
import { capitalized } from '../shell/words.ts'
import type { AuditSearch } from './audit-search.ts'
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

export function askedBy(search: AuditSearch, key: string): AuditAsked {
  return { action: '', triggeredBy: '', actor: '', from: '', to: '', ...search, key }
}

export function filterOf(organization: string, asked: AuditAsked): AuditFilter {
  const { action, triggeredBy, actor, key, from, to } = asked
  const until = beginOf(to)
  until?.setHours(24, 0, 0, 0)
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
  keyId,
  members,
}: {
  value: AuditAsked
  onChange: (changed: AuditSearch) => void
  keyId: Typed
  members: readonly Member[]
}) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const changed = (name: keyof AuditSearch) => (event: { target: { value: string } }) =>
    onChange({ [name]: event.target.value })
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
        {(field) => (
          <Input
            {...field}
            placeholder="key_…"
            spellCheck={false}
            autoComplete="off"
            value={keyId.value}
            onChange={(event) => keyId.onText(event.target.value)}
            onBlur={keyId.onBlur}
          />
        )}
      </Field>
      <Field label="From">
        {(field) => (
          <DateInput {...field} max={value.to || lastDay} value={value.from} onDay={(from) => onChange({ from })} />
        )}
      </Field>
      <Field label="To">
        {(field) => (
          <DateInput {...field} min={value.from} max={lastDay} value={value.to} onDay={(to) => onChange({ to })} />
        )}
      </Field>
    </div>
  )
}

/** A year is typed digit by digit, each of which makes another date. */
function DateInput({
  value,
  onDay,
  ...rest
}: { value: string; onDay: (day: string) => void } & Omit<InputHTMLAttributes<HTMLInputElement>, 'value'>) {
  const { onText, ...typed } = useTyped(value, onDay)
  return <Input {...rest} {...typed} type="date" onChange={(event) => onText(event.target.value)} />
}
