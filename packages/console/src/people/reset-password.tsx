import { KeywrightError } from '@keywright/client'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { fieldError } from '../parts/problem-words.ts'
import { NewPasswordField } from '../parts/text-field.tsx'
import { Entrance } from './entrance.tsx'
import { NoLink } from './no-link.tsx'
import { useLinkToken } from './use-link-token.ts'

/** Where the link of a forgotten password leads. Its token follows the number sign and is sent in a body alone. */
export function ResetPassword() {
  const token = useLinkToken()
  return token === '' ? <NoLink /> : <SetPassword key={token} token={token} />
}

function SetPassword({ token }: { token: string }) {
  const [password, setPassword] = useState('')
  const reset = useMutation({
    mutationFn: () => keywright.signIn.resetPassword({ token, password }),
    onSuccess: () => queries.clear(),
    onSettled: () => setPassword(''),
  })
  if (reset.data) {
    return (
      <Entrance title="Your password is set">
        <p role="status" className="mb-6 text-muted">
          Every session and every login from a terminal has ended.
        </p>
        <Link to="/sign-in" className="underline">
          Sign in
        </Link>
      </Entrance>
    )
  }
  if (reset.error instanceof KeywrightError && reset.error.code === 'invitation_invalid') {
    return (
      <Entrance
        title="This link does not work any more"
        lead="It has been used, a newer one has replaced it, or its ten minutes are over."
      >
        <Link to="/forgot-password" className="underline">
          Ask for a new link
        </Link>
      </Entrance>
    )
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    reset.mutate()
  }
  return (
    <Entrance title="Set a new password">
      <form onSubmit={submit} className="space-y-4">
        {reset.error && <ErrorNotice error={reset.error} />}
        <NewPasswordField
          label="New password"
          value={password}
          onText={setPassword}
          error={fieldError(reset.error, 'password')}
        />
        <Button type="submit" look="primary" className="w-full" isBusy={reset.isPending}>
          Set the password
        </Button>
      </form>
    </Entrance>
  )
}
