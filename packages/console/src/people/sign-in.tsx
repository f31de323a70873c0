import { useMutation } from '@tanstack/react-query'
import { useRouter, useSearch } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { Field, Input } from '../parts/field.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Entrance } from './entrance.tsx'

export function SignIn() {
  const { to } = useSearch({ from: '/sign-in' })
  return (
    <Entrance title="Sign in" lead="Manage the API keys of your organizations.">
      <SignInForm to={to ?? '/'} />
      <p className="mt-6 text-muted">
        No account yet? Open the link of your invitation. The very first one is printed where Keywright was started.
      </p>
    </Entrance>
  )
}

export function SignInForm({
  to,
  email = '',
  onDone,
}: {
  to: string
  email?: string
  onDone?: () => Promise<unknown>
}) {
  const router = useRouter()
  const [address, setAddress] = useState(email)
  const [password, setPassword] = useState('')
  const signIn = useMutation({
    mutationFn: () => keywright.signIn.withPassword({ email: address, password }),
    async onSuccess() {
      await onDone?.()
      queries.clear()
      await router.navigate({ href: to })
    },
    onError: () => setPassword(''),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signIn.mutate()
  }
  return (
    <form onSubmit={submit} className="space-y-4">
      {signIn.error && <ErrorNotice error={signIn.error} />}
      <Field label="E-mail">
        {(field) => (
          <Input
            {...field}
            type="email"
            autoComplete="username"
            required
            value={address}
            onChange={(event) => setAddress(event.target.value)}
          />
        )}
      </Field>
      <Field label="Password">
        {(field) => (
          <Input
            {...field}
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" look="primary" className="w-full" isBusy={signIn.isPending}>
        Sign in
      </Button>
    </form>
  )
}
