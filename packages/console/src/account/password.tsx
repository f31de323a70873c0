import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { Field, Input } from '../parts/field.tsx'
import { ErrorNotice, fieldError } from '../parts/notice.tsx'
import { Card } from '../parts/page.tsx'
import { useAction } from '../parts/use-action.ts'

export function Password() {
  const [current, setCurrent] = useState('')
  const [password, setPassword] = useState('')
  const change = useAction(async (input: { current: string; password: string }) => {
    setCurrent('')
    setPassword('')
    await keywright.signIn.changePassword(input)
    await queries.invalidateQueries({ queryKey: ['sessions'] })
    return true
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.run({ current, password })
  }
  return (
    <Card title="Password">
      <form onSubmit={submit} className="space-y-4 px-5 py-4">
        {change.error !== null && <ErrorNotice error={change.error} />}
        {change.result && <p role="status">It is changed, and every other session has ended.</p>}
        <Field label="Current password">
          {(field) => (
            <Input
              {...field}
              type="password"
              autoComplete="current-password"
              required
              value={current}
              onChange={(event) => setCurrent(event.target.value)}
            />
          )}
        </Field>
        <Field label="New password" error={fieldError(change.error, 'password')}>
          {(field) => (
            <Input
              {...field}
              type="password"
              autoComplete="new-password"
              minLength={8}
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" isBusy={change.isBusy}>
          Change the password
        </Button>
      </form>
    </Card>
  )
}
