import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { Button } from '../parts/button.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { EmailField } from '../parts/text-field.tsx'
import { Entrance } from './entrance.tsx'

export function ForgotPassword() {
  const [email, setEmail] = useState('')
  const ask = useMutation({ mutationFn: () => keywright.signIn.forgotPassword(email) })
  if (ask.data) {
    return (
      <Entrance title="Look at your mail">
        <p role="status" className="text-muted">
          {ask.data.byMail
            ? 'If there is an account with this address, a link is on its way. It works once, within ten minutes.'
            : 'This instance sends no mail. Ask whoever runs it for a link; your request is in its log.'}
        </p>
      </Entrance>
    )
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    ask.mutate()
  }
  return (
    <Entrance title="Set a new password" lead="We send a link to the address of your account.">
      <form onSubmit={submit} className="space-y-4">
        {ask.error && <ErrorNotice error={ask.error} />}
        <EmailField value={email} onText={setEmail} />
        <Button type="submit" look="primary" className="w-full" isBusy={ask.isPending}>
          Send the link
        </Button>
      </form>
      <p className="mt-6 text-muted">
        <Link to="/sign-in" className="underline">
          Back to signing in
        </Link>
      </p>
    </Entrance>
  )
}
