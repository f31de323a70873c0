import { type InvitationOffer, KeywrightError } from '@keywright/client'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { queries, viewerQuery } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { Field, Input } from '../parts/field.tsx'
import { ErrorNotice, fieldError } from '../parts/notice.tsx'
import { Loading } from '../parts/page.tsx'
import { Foreign } from '../parts/text.tsx'
import { Entrance } from './entrance.tsx'
import { Providers } from './providers.tsx'
import { SignInForm } from './sign-in.tsx'

/** Where an invitation is taken up. Its token follows the number sign and is sent in bodies alone. */
export function Join() {
  const [token] = useState(() => location.hash.slice(1))
  const offer = useQuery({
    queryKey: ['invitation'],
    queryFn: () => keywright.signIn.invitation(token),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  })
  const viewer = useQuery(viewerQuery)
  if (offer.error) {
    return (
      <Entrance title="This link does not work">
        <ErrorNotice error={offer.error} />
      </Entrance>
    )
  }
  if (!offer.data || viewer.isPending) {
    return (
      <Entrance title="Your invitation">
        <Loading />
      </Entrance>
    )
  }
  return (
    <Entrance title={titleOf(offer.data)} lead={<Place offer={offer.data} />}>
      {viewer.data?.email ? (
        <Accept token={token} name={viewer.data.name} />
      ) : (
        <SignUp token={token} offer={offer.data} />
      )}
    </Entrance>
  )
}

function titleOf({ organization }: InvitationOffer): string {
  return organization === null ? 'Run this instance' : 'Join your organization'
}

function Place({ offer: { organization, role } }: { offer: InvitationOffer }) {
  if (organization === null) return 'You become the operator: you see every organization, and invite everyone else.'
  return (
    <>
      You join <Foreign className="font-medium text-ink">{organization.name}</Foreign> as {role}.
    </>
  )
}

function Accept({ token, name }: { token: string; name: string }) {
  const router = useRouter()
  const accept = useMutation({
    mutationFn: () => keywright.signIn.acceptInvitation(token),
    async onSuccess() {
      queries.clear()
      await router.navigate({ to: '/', replace: true })
    },
  })
  return (
    <div className="space-y-4">
      {accept.error && <ErrorNotice error={accept.error} />}
      <Button look="primary" className="w-full" isBusy={accept.isPending} onClick={() => accept.mutate()}>
        Accept as {name}
      </Button>
    </div>
  )
}

function SignUp({ token, offer }: { token: string; offer: InvitationOffer }) {
  const router = useRouter()
  const [isKnown, setKnown] = useState(false)
  const [name, setName] = useState('')
  const [email, setEmail] = useState(offer.email ?? '')
  const [password, setPassword] = useState('')
  const signUp = useMutation({
    mutationFn: () => keywright.signIn.signUp({ name, email, password, invitation: token }),
    async onSuccess() {
      queries.clear()
      await router.navigate({ to: '/', replace: true })
    },
    onError(error) {
      if (error instanceof KeywrightError && error.code === 'conflict') setKnown(true)
    },
  })
  if (isKnown) {
    return (
      <>
        <p className="mb-4 text-muted">There is an account with this address. Sign in with it to accept.</p>
        <SignInForm to="/" email={email} onDone={() => keywright.signIn.acceptInvitation(token)} />
      </>
    )
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signUp.mutate()
  }
  return (
    <form onSubmit={submit} className="space-y-4">
      {signUp.error && <ErrorNotice error={signUp.error} />}
      <Field label="Name" error={fieldError(signUp.error, 'name')}>
        {(field) => (
          <Input
            {...field}
            autoComplete="name"
            required
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <Field
        label="E-mail"
        error={fieldError(signUp.error, 'email')}
        {...(offer.email && { hint: 'The invitation is for this address alone.' })}
      >
        {(field) => (
          <Input
            {...field}
            type="email"
            autoComplete="username"
            required
            readOnly={offer.email !== null}
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        )}
      </Field>
      <Field
        label="Password"
        hint="At least 8 characters; a few words in a row are good."
        error={fieldError(signUp.error, 'password')}
      >
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
      <Button type="submit" look="primary" className="w-full" isBusy={signUp.isPending}>
        Create your account
      </Button>
      {offer.organization !== null && <Providers to="/" invitation={token} />}
      <Button look="ghost" className="w-full" onClick={() => setKnown(true)}>
        I have an account already
      </Button>
    </form>
  )
}
