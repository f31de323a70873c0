import type { Limit } from '@keywright/client'
import { Field, Input, Select } from '../parts/field.tsx'

/** As it is typed; empty: the contract's own limit. */
export interface LimitText {
  requests: string
  windowSeconds: number
}

export function limitOf({ requests, windowSeconds }: LimitText): Limit[] | null {
  return requests === '' ? null : [{ requests: Number(requests), windowSeconds }]
}

const windows = [
  { seconds: 1, label: 'a second' },
  { seconds: 60, label: 'a minute' },
  { seconds: 3600, label: 'an hour' },
  { seconds: 86_400, label: 'a day' },
]

/** Whether the field shows all there is to them: what it cannot show, it must not overwrite. */
export function isShowable(limits: readonly Limit[]): boolean {
  return (
    limits.length === 1 &&
    limits.every(
      ({ windowSeconds, per = 'key', kind = 'window' }) =>
        per === 'key' && kind === 'window' && windows.some(({ seconds }) => seconds === windowSeconds),
    )
  )
}

export function LimitField({
  value,
  onChange,
  usual,
  error,
}: {
  value: LimitText
  onChange: (value: LimitText) => void
  /** What holds where nothing is typed. */
  usual: string
  error: string | undefined
}) {
  return (
    <Field label="Requests at most" hint={`Left empty: ${usual.toLowerCase()}.`} error={error}>
      {(field) => (
        <span className="flex gap-2">
          <Input
            {...field}
            type="number"
            min={1}
            value={value.requests}
            onChange={(event) => onChange({ ...value, requests: event.target.value })}
          />
          <Select
            aria-label="Requests at most in"
            className="w-32 shrink-0"
            value={value.windowSeconds}
            onChange={(event) => onChange({ ...value, windowSeconds: Number(event.target.value) })}
          >
            {windows.map(({ seconds, label }) => (
              <option key={seconds} value={seconds}>
                {label}
              </option>
            ))}
          </Select>
        </span>
      )}
    </Field>
  )
}
