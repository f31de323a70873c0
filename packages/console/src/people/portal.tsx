import { KeywrightError } from '@keywright/client'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { offerQuery, queries, viewerQuery } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { Loading } from '../parts/page.tsx'
import { Foreign } from '../parts/text.tsx'
import { Entrance } from './entrance.tsx'
import { isFramed } from './is-framed.ts'
import { LinkFailed } from './link-failed.tsx'
import { NoLink } from './no-link.tsx'
import { useLinkToken } from './use-link-token.ts'

/**
 * Where a provider's own settings page leads. Who is signed in as somebody else is asked first: a link from a stranger would
 * have them work in the stranger's place unawares. Not in a frame, where the page around it has chosen who they are.
 */
export function Portal() {
  const token = useLinkToken()
  if (token === '') return <NoLink />
  return isFramed ? <Enter key={token} token={token} /> : <Compare key={token} token={token} />
}

function Compare({ token }: { token: string }) {
  const router = useRouter()
  const [isChosen, setChosen] = useState(false)
  const viewer = useQuery(viewerQuery)
  // Also once their session is over: nobody is led on in the midst of being asked.
  const present = viewer.data
  const offer = useQuery({ ...offerQuery(token), enabled: !!present })
  if (isChosen || present === null) return <Enter token={token} />
  const failed = [viewer, offer].find(({ error }) => error)
  if (failed) return <PortalFailed error={failed.error} onRetry={() => failed.refetch()} />
  if (!present || !offer.data) return <OneMoment />
  const { organization, email } = offer.data
  if (organization === null || email === present.email) return <Enter token={token} />
  return (
    <Entrance
      title="You are signed in as somebody else"
      lead={
        <>
          You are <Foreign className="font-medium whitespace-normal text-ink">{present.name}</Foreign>. This link signs
          you out and into <Foreign className="font-medium whitespace-normal text-ink">{organization.name}</Foreign>. Go
          on only where you have opened it yourself.
        </>
      }
    >
      <div className="space-y-4">
        <Button look="primary" className="w-full" onClick={() => setChosen(true)}>
          Go on with the link
        </Button>
        <Button look="ghost" className="w-full" onClick={() => router.navigate({ to: '/', replace: true })}>
          <span className="min-w-0 truncate">
            Stay <Foreign>{present.name}</Foreign>
          </span>
        </Button>
      </div>
    </Entrance>
  )
}

/** The link works once, so it is used once. */
function Enter({ token }: { token: string }) {
  const router = useRouter()
  const isSent = useRef(false)
  const [isForgotten, setForgotten] = useState(false)
  const { mutate, error } = useMutation({
    mutationFn: () => keywright.signIn.byPortal(token),
    async onSuccess({ organization }) {
      queries.clear()
      const viewer = await queries.fetchQuery(viewerQuery).catch(() => undefined)
      if (viewer === null && isFramed) setForgotten(true)
      else await router.navigate({ to: '/$organization/keys', params: { organization }, replace: true })
    },
  })
  useEffect(() => {
    if (isSent.current) return
    isSent.current = true
    mutate()
  }, [mutate])
  if (isForgotten) return <NoSession />
  if (error) return <PortalFailed error={error} onRetry={() => mutate()} />
  return <OneMoment />
}

/** Nobody invited a customer who comes by such a link: what the server says of invitations would mislead them. */
function PortalFailed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  if (!(error instanceof KeywrightError && error.code === 'invitation_invalid')) {
    return <LinkFailed error={error} onRetry={onRetry} />
  }
  return (
    <Entrance title="This link does not work">
      <p className="text-muted">
        It works once, and for a few minutes. Open the page that led here again. Where that does not help, ask whoever
        runs that page.
      </p>
    </Entrance>
  )
}

/** Signing in with a password would end here too, and who comes by a portal link has none. */
function NoSession() {
  return (
    <Entrance title="Nobody can be signed in here">
      <p className="text-muted">
        The browser keeps no session of one site within a page of another. Tell whoever runs the page around this one:
        both need addresses of one site, as app.example.com and keys.example.com are.
      </p>
    </Entrance>
  )
}

function OneMoment() {
  return (
    <Entrance title="One moment">
      <Loading label="Signing you in" />
    </Entrance>
  )
}
