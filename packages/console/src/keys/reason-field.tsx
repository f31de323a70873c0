import { TextField } from '../parts/text-field.tsx'

export function ReasonField(props: { hint: string; value: string; onText: (text: string) => void }) {
  return <TextField label="Reason" maxLength={200} autoComplete="off" {...props} />
}
