import { useMutation } from '@tanstack/react-query'
import { Link, useRouter, useSearch } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { ErrorNotice, Notice } from '../parts/notice.tsx'
import { EmailField, PasswordField } from '../parts/text-field.tsx'
import { useNoun } from '../shell/noun.ts'
import { plural } from '../shell/words.ts'
import { Entrance, useFocusIn } from './entrance.tsx'
import { hasPasskeys, signWithPasskey } from './passkeys.ts'
import { providerProblems } from './provider-problems.ts'
import { Providers } from './providers.tsx'
import { SecondStep } from './second-step.tsx'

export function SignIn() {
  const { to, problem } = useSearch({ from: '/sign-in' })
  return (
    <Entrance title="Sign in" lead={`Manage the API keys of your ${plural(useNoun())}.`}>
      {problem !== undefined && (
        <div className="mb-4">
          <Notice tone="bad">{providerProblems[problem]}</Notice>
        </div>
      )}
      <SignInForm to={to ?? '/'} />
      <div className="mt-3">
        <Providers to={to ?? '/'} />
      </div>
      <p className="mt-6 text-muted">
        <Link to="/forgot-password" className="underline">
          I have forgotten my password
        </Link>
      </p>
      <p className="mt-3 text-muted">
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
  const [isHalfDone, setHalfDone] = useState(false)
  useFocusIn(isHalfDone)
  const enter = async () => {
    await onDone?.()
    queries.clear()
    await router.navigate({ href: to, replace: true })
  }
  const signIn = useMutation({
    mutationFn: () => keywright.signIn.withPassword({ email: address, password }),
    async onSuccess(answer) {
      setPassword('')
      if ('secondFactor' in answer) setHalfDone(true)
      else await enter()
    },
    onError: () => setPassword(''),
  })
  const byPasskey = useMutation({
    async mutationFn() {
      const { options } = await keywright.signIn.passkeyOptions()
      return keywright.signIn.withPasskey(await signWithPasskey(options))
    },
    onSuccess: enter,
  })
  if (isHalfDone) return <SecondStep onDone={enter} onBack={() => setHalfDone(false)} />
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signIn.mutate()
  }
  const error = signIn.error ?? byPasskey.error
  return (
    <form onSubmit={submit} className="space-y-4">
      {!navigator.cookieEnabled && (
        <Notice title="This browser keeps no cookies.">
          Signing in needs one: allow them for this address, and load the page again.
        </Notice>
      )}
      {error && <ErrorNotice error={error} />}
      <EmailField value={address} onText={setAddress} />
      <PasswordField value={password} onText={setPassword} />
      <Button type="submit" look="primary" className="w-full" isBusy={signIn.isPending}>
        Sign in
      </Button>
      {hasPasskeys && (
        <Button className="w-full" isBusy={byPasskey.isPending} onClick={() => byPasskey.mutate()}>
          Sign in with a passkey
        </Button>
      )}
    </form>
  )
}
