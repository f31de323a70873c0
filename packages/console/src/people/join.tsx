import { type InvitationOffer, KeywrightError } from '@keywright/client'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { offerQuery, queries, viewerQuery } from '../api/queries.ts'
import { tabStorage } from '../api/tab-storage.ts'
import { Button } from '../parts/button.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Loading } from '../parts/page.tsx'
import { fieldError } from '../parts/problem-words.ts'
import { Foreign } from '../parts/text.tsx'
import { EmailField, NameField, NewPasswordField } from '../parts/text-field.tsx'
import { useNoun } from '../shell/noun.ts'
import { withArticle } from '../shell/words.ts'
import { shownAddress } from './address.ts'
import { Entrance, useFocusIn } from './entrance.tsx'
import { LinkFailed } from './link-failed.tsx'
import { NoLink } from './no-link.tsx'
import { Providers } from './providers.tsx'
import { SignInForm } from './sign-in.tsx'
import { useLinkToken } from './use-link-token.ts'

/** Where an invitation is taken up. Its token follows the number sign and is sent in bodies alone. */
export function Join() {
  const token = useLinkToken()
  return token === '' ? <NoLink /> : <Invited key={token} token={token} />
}

function Invited({ token }: { token: string }) {
  const offer = useQuery(offerQuery(token))
  const viewer = useQuery(viewerQuery)
  const noun = useNoun()
  if (offer.error) return <LinkFailed error={offer.error} onRetry={() => offer.refetch()} />
  if (!offer.data || viewer.isPending) {
    return (
      <Entrance title="Your invitation">
        <Loading />
      </Entrance>
    )
  }
  const email = viewer.data?.email
  if (email && offer.data.email !== null && offer.data.email !== email.toLowerCase()) {
    return <ForAnother as={shownAddress(email) || viewer.data?.name || ''} invited={offer.data.email} />
  }
  return (
    <Entrance title={titleOf(offer.data, noun)} lead={<Place offer={offer.data} />}>
      {viewer.data && email ? (
        <Accept token={token} name={viewer.data.name} to={pathOf(offer.data)} />
      ) : (
        <SignUp token={token} offer={offer.data} />
      )}
    </Entrance>
  )
}

function titleOf({ organization }: InvitationOffer, noun: string): string {
  return organization === null ? 'Run this instance' : `Join your ${noun}`
}

/** Where they find what they were invited to. */
function pathOf({ organization }: InvitationOffer): string {
  return organization === null ? '/' : `/${organization.id}/keys`
}

function Place({ offer: { organization, role } }: { offer: InvitationOffer }) {
  const noun = useNoun()
  if (organization === null) return `You become the operator: you see every ${noun}, and invite everyone else.`
  return (
    <>
      You join <Foreign className="font-medium whitespace-normal text-ink">{organization.name}</Foreign> as{' '}
      {withArticle(role)}.
    </>
  )
}

function Accept({ token, name, to }: { token: string; name: string; to: string }) {
  const router = useRouter()
  const accept = useMutation({
    mutationFn: () => keywright.signIn.acceptInvitation(token),
    async onSuccess() {
      queries.clear()
      await router.navigate({ href: to, replace: true })
    },
  })
  return (
    <div className="space-y-4">
      {accept.error && <ErrorNotice error={accept.error} />}
      <Button look="primary" className="w-full" isBusy={accept.isPending} onClick={() => accept.mutate()}>
        <span className="min-w-0 truncate">
          Accept as <Foreign>{name}</Foreign>
        </span>
      </Button>
    </div>
  )
}

function ForAnother({ as, invited }: { as: string; invited: string }) {
  const signOut = useMutation({
    mutationFn: () => keywright.signIn.signOut(),
    onSuccess() {
      tabStorage.clear()
      location.reload()
    },
  })
  return (
    <Entrance
      title="This invitation is for somebody else"
      lead={
        <>
          It is for <Foreign className="whitespace-normal">{invited}</Foreign>. You are signed in as{' '}
          <Foreign className="whitespace-normal">{as}</Foreign>.
        </>
      }
    >
      <div className="space-y-4">
        {signOut.error && <ErrorNotice error={signOut.error} />}
        <Button look="primary" className="w-full" isBusy={signOut.isPending} onClick={() => signOut.mutate()}>
          Sign out and use another account
        </Button>
      </div>
    </Entrance>
  )
}

function SignUp({ token, offer }: { token: string; offer: InvitationOffer }) {
  const router = useRouter()
  const to = pathOf(offer)
  const [isKnown, setKnown] = useState(false)
  useFocusIn(isKnown)
  const [name, setName] = useState('')
  const [email, setEmail] = useState(offer.email ?? '')
  const [password, setPassword] = useState('')
  const signUp = useMutation({
    mutationFn: () => keywright.signIn.signUp({ name, email, password, invitation: token }),
    async onSuccess() {
      queries.clear()
      await router.navigate({ href: to, replace: true })
    },
    onError(error) {
      if (error instanceof KeywrightError && error.code === 'conflict') setKnown(true)
    },
  })
  if (isKnown) {
    return (
      <>
        <p className="mb-4 text-muted">There is an account with this address. Sign in with it to accept.</p>
        <SignInForm to={to} email={email} onDone={() => keywright.signIn.acceptInvitation(token)} />
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
      <NameField value={name} onText={setName} autoComplete="name" error={fieldError(signUp.error, 'name')} />
      <EmailField
        value={email}
        onText={setEmail}
        readOnly={offer.email !== null}
        error={fieldError(signUp.error, 'email')}
        {...(offer.email && { hint: 'The invitation is for this address alone.' })}
      />
      <NewPasswordField value={password} onText={setPassword} error={fieldError(signUp.error, 'password')} />
      <Button type="submit" look="primary" className="w-full" isBusy={signUp.isPending}>
        Create your account
      </Button>
      {offer.organization !== null && <Providers to={to} invitation={token} />}
      <Button look="ghost" className="w-full" onClick={() => setKnown(true)}>
        I have an account already
      </Button>
    </form>
  )
}
