import type { Contract } from '@keywright/client'
import { Field, Select } from '../parts/field.tsx'
import { fieldError } from '../parts/problem-words.ts'
import { capitalized } from '../shell/words.ts'

export interface PlanFieldProps {
  plans: Contract['plans']
  value: string
  onChange: (plan: string) => void
  hint?: string
  error: unknown
}

export function PlanField({ plans, value, onChange, hint, error }: PlanFieldProps) {
  return (
    <Field label="Plan" hint={hint} error={fieldError(error, 'plan')}>
      {(field) => (
        <Select {...field} value={value} onChange={(event) => onChange(event.target.value)}>
          {Object.keys(plans).map((plan) => (
            <option key={plan} value={plan}>
              {capitalized(plan)}
            </option>
          ))}
        </Select>
      )}
    </Field>
  )
}
