import { useMutation } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { Loading } from '../parts/page.tsx'
import { Entrance } from './entrance.tsx'
import { LinkFailed } from './link-failed.tsx'
import { NoLink } from './no-link.tsx'
import { useLinkToken } from './use-link-token.ts'

/** Where a provider's own settings page leads. */
export function Portal() {
  const token = useLinkToken()
  return token === '' ? <NoLink /> : <Enter key={token} token={token} />
}

/** The link works once, so it is used once. */
function Enter({ token }: { token: string }) {
  const router = useRouter()
  const isSent = useRef(false)
  const { mutate, error } = useMutation({
    mutationFn: () => keywright.signIn.byPortal(token),
    async onSuccess({ organization }) {
      queries.clear()
      await router.navigate({ to: '/$organization/keys', params: { organization }, replace: true })
    },
  })
  useEffect(() => {
    if (isSent.current) return
    isSent.current = true
    mutate()
  }, [mutate])
  if (error) return <LinkFailed error={error} onRetry={() => mutate()} />
  return (
    <Entrance title="One moment">
      <Loading label="Signing you in" />
    </Entrance>
  )
}
