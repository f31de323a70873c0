import { Select } from '../parts/field.tsx'
import { spans } from './read-usage.ts'

export function SpanSelect({ value, onChange }: { value: number; onChange: (index: number) => void }) {
  return (
    <Select
      aria-label="Time"
      className="min-w-40"
      value={value}
      onChange={(event) => onChange(Number(event.target.value))}
    >
      {spans.map(({ label }, i) => (
        <option key={label} value={i}>
          {label}
        </option>
      ))}
    </Select>
  )
}
