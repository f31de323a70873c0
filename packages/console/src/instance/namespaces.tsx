import { fieldError } from '../parts/problem-words.ts'
import { TextField, type TextFieldProps } from '../parts/text-field.tsx'

/** As they are typed: `default, staging`. */
export function namespacesOf(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean)
}

export function NamespacesField({ error, ...rest }: Pick<TextFieldProps, 'value' | 'onText'> & { error: unknown }) {
  return (
    <TextField
      label="Namespaces"
      hint="What its keys may reach, separated by commas."
      error={fieldError(error, 'namespaces')}
      spellCheck={false}
      autoComplete="off"
      {...rest}
    />
  )
}
