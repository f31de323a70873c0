import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card } from '../parts/page.tsx'
import { fieldError } from '../parts/problem-words.ts'
import { NewPasswordField, PasswordField } from '../parts/text-field.tsx'
import { useAction } from '../parts/use-action.ts'

export function Password() {
  const [current, setCurrent] = useState('')
  const [password, setPassword] = useState('')
  const change = useAction(async (input: { current: string; password: string }) => {
    setCurrent('')
    setPassword('')
    await keywright.signIn.changePassword(input)
    await queries.invalidateQueries({ queryKey: ['sessions'] })
    await queries.invalidateQueries({ queryKey: ['cli-tokens'] })
    return true
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.run({ current, password })
  }
  return (
    <Card title="Password">
      <form onSubmit={submit} className="max-w-md space-y-4 px-5 py-4">
        {change.error !== null && <ErrorNotice error={change.error} />}
        {change.result && (
          <p role="status">It is changed. Every other session has ended, and so has every login from a terminal.</p>
        )}
        <PasswordField label="Current password" value={current} onText={setCurrent} />
        <NewPasswordField
          label="New password"
          value={password}
          onText={setPassword}
          error={fieldError(change.error, 'password')}
        />
        <Button type="submit" isBusy={change.isBusy}>
          Change the password
        </Button>
      </form>
    </Card>
  )
}
