import { lastDay } from '../parts/day.ts'
import { Field, Input, Select } from '../parts/field.tsx'
import { Notice } from '../parts/notice.tsx'
import { type ExpiryChoice, type ExpiryText, expiryChoices } from './expiry.ts'

export function ExpiryField({
  value,
  onChange,
  error,
}: {
  value: ExpiryText
  onChange: (value: ExpiryText) => void
  error: string | undefined
}) {
  return (
    <div className="space-y-3">
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Expires" error={value.choice === 'date' ? undefined : error}>
          {(field) => (
            <Select
              {...field}
              value={value.choice}
              onChange={(event) => onChange({ ...value, choice: event.target.value as ExpiryChoice })}
            >
              {expiryChoices.map(({ value, label }) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </Select>
          )}
        </Field>
        {value.choice === 'date' && (
          <Field label="Last day" error={error}>
            {(field) => (
              <Input
                {...field}
                type="date"
                required
                min={today()}
                max={lastDay}
                value={value.date}
                onChange={(event) => onChange({ ...value, date: event.target.value })}
              />
            )}
          </Field>
        )}
      </div>
      {value.choice === 'never' && (
        <Notice title="A key that never expires is good for whoever finds it, for ever.">
          Nothing will remind you to replace it. Choose a date unless you rotate it yourself.
        </Notice>
      )}
    </div>
  )
}

/** In the reader's zone, as a date field takes it. */
function today(): string {
  const now = new Date()
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10)
}
