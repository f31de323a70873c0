import type { InputHTMLAttributes, ReactNode } from 'react'
import { Field, Input } from './field.tsx'

export interface TextFieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value'> {
  label: string
  hint?: ReactNode
  error?: string | undefined
  value: string
  onText: (text: string) => void
}

export function TextField({ label, hint, error, onText, ...rest }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(field) => <Input {...field} {...rest} onChange={(event) => onText(event.target.value)} />}
    </Field>
  )
}

type OneField = Pick<TextFieldProps, 'value' | 'onText' | 'error'> & { label?: string }

/** What people, keys and organizations are called. */
export function NameField({
  label = 'Name',
  ...rest
}: OneField & Pick<TextFieldProps, 'placeholder' | 'hint' | 'autoComplete'>) {
  return <TextField label={label} required maxLength={200} autoComplete="off" {...rest} />
}

export function EmailField({ label = 'E-mail', ...rest }: OneField & { hint?: string; readOnly?: boolean }) {
  return <TextField label={label} type="email" autoComplete="username" required {...rest} />
}

export function PasswordField({ label = 'Password', ...rest }: OneField) {
  return <TextField label={label} type="password" autoComplete="current-password" required {...rest} />
}

export function NewPasswordField({ label = 'Password', ...rest }: OneField) {
  return (
    <TextField
      label={label}
      type="password"
      autoComplete="new-password"
      minLength={8}
      required
      hint="At least 8 characters; a few words in a row are good."
      {...rest}
    />
  )
}
