import { useQuery } from '@tanstack/react-query'
import { keywright } from '../api/keywright.ts'
import { queries } from '../api/queries.ts'
import { Badge } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card } from '../parts/page.tsx'
import { useAction } from '../parts/use-action.ts'
import { providersQuery } from '../people/providers.tsx'

/** Accounts elsewhere that open this one. */
export function Linked() {
  const offers = useQuery(providersQuery)
  const links = useQuery({
    queryKey: ['linked-providers'],
    queryFn: ({ signal }) => keywright.signIn.linkedProviders({ signal }),
  })
  const link = useAction(async (provider: string) => {
    const { location: there } = await keywright.signIn.startProvider({ provider, to: '/account', link: true })
    location.assign(there)
  })
  const unlink = useAction(async (issuer: string) => {
    await keywright.signIn.unlinkProvider(issuer)
    await queries.invalidateQueries({ queryKey: ['linked-providers'] })
  })
  if (offers.isPending || links.isPending) return null
  const offered = offers.data?.providers ?? []
  const linked = links.data?.providers ?? []
  const unread = offers.error ?? links.error
  if (offered.length + linked.length === 0 && !unread) return null
  const retry = () => Promise.all([offers.refetch(), links.refetch()])
  const error = unread ?? link.error ?? unlink.error
  const names = new Set(linked.map(({ name }) => name))
  return (
    <Card title="Accounts elsewhere">
      {error !== null && (
        <div className="p-5">
          <ErrorNotice error={error} {...(unread && { onRetry: retry })} />
        </div>
      )}
      <ul className="divide-y empty:hidden">
        {linked.map(({ issuer, name }) => (
          <li key={issuer} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-3">
            <span className="flex min-w-0 flex-1 basis-40 flex-wrap items-center gap-x-3 gap-y-1">
              <span className="break-all">{name ?? issuer}</span>
              <Badge tone="good">Linked</Badge>
            </span>
            <Button isBusy={unlink.isBusy} onClick={() => unlink.run(issuer)}>
              Unlink<span className="sr-only"> {name ?? issuer}</span>
            </Button>
          </li>
        ))}
        {offered
          .filter(({ name }) => !names.has(name))
          .map(({ id, name }) => (
            <li key={id} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-3">
              <span className="min-w-0 flex-1 basis-40">{name}</span>
              <Button isBusy={link.isBusy} onClick={() => link.run(id)}>
                Link<span className="sr-only"> {name}</span>
              </Button>
            </li>
          ))}
      </ul>
    </Card>
  )
}
