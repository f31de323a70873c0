import { Choices } from '../parts/field.tsx'
import { spanInWords } from '../parts/time-words.ts'

const usual = [0, 3_600, 86_400, 3 * 86_400, 7 * 86_400, 30 * 86_400]

/** How long an old secret may go on, as far as the contract allows. */
export function graceChoices(maxSeconds: number): number[] {
  return usual.filter((seconds) => seconds <= maxSeconds)
}

export function GraceChoice({
  legend,
  choices,
  value,
  onChange,
}: {
  legend: string
  choices: readonly number[]
  value: number
  onChange: (seconds: number) => void
}) {
  return (
    <Choices
      legend={legend}
      value={String(value)}
      onChange={(seconds) => onChange(Number(seconds))}
      options={choices.map((seconds) => ({
        value: String(seconds),
        label: seconds === 0 ? 'Now' : `In ${spanInWords(seconds)}`,
        ...(seconds === 0 && { hint: 'Whoever still uses it is refused at once. Right when it has leaked.' }),
      }))}
    />
  )
}
