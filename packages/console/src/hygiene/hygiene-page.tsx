import type { Key } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { CircleCheck } from 'lucide-react'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { contractQuery, queries } from '../api/queries.ts'
import { inDays } from '../keys/expiry.ts'
import { offeredPermissions } from '../keys/reach-fields.tsx'
import { RevokeKey } from '../keys/revoke-key.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Loading, Page } from '../parts/page.tsx'
import { Mono } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { useMayChange } from '../shell/place.ts'
import { readUsage } from '../usage/read-usage.ts'
import { Finding, type Found } from './finding.tsx'
import { idleDays, isIdle, isNeverUsed, superfluous } from './findings.ts'

/** So many of each kind are shown; those that are mended make room for the next. */
const most = 50

export function HygienePage() {
  const { organization } = useParams({ from: '/signed-in/shell/$organization/hygiene' })
  const { data: contract } = useSuspenseQuery(contractQuery)
  const mayChange = useMayChange(organization)
  const [revoking, setRevoking] = useState<Key | null>(null)
  const asksPermissions = offeredPermissions(contract).length > 0
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['keys', 'hygiene', organization],
    async queryFn({ signal }) {
      const list = async (order: 'lastUsed' | 'expires', direction: 'asc' | 'desc') => {
        const filter = { organization, state: 'active', order, direction, limit: most } as const
        return (await keywright.keys.list(filter, { signal }).page()).keys
      }
      const since = new Date(Date.now() - idleDays * 86_400_000).toISOString()
      const [idlest, longest, busiest, counts] = await Promise.all([
        list('lastUsed', 'asc'),
        list('expires', 'desc'),
        asksPermissions ? list('lastUsed', 'desc') : [],
        asksPermissions ? readUsage({ organization, since, by: 'key,route', outcome: 'allowed' }, signal) : [],
      ])
      return { nowMs: Date.now(), idlest, longest, busiest, counts }
    },
  })
  if (!data) {
    return (
      <Page title="Hygiene">
        {error && <ErrorNotice error={error} onRetry={() => refetch()} />}
        {isPending && (
          <Card>
            <Loading label="Looking through the keys" />
          </Card>
        )}
      </Page>
    )
  }
  const { nowMs, idlest, longest, busiest, counts } = data
  const revoke = { label: 'Revoke', run: async (key: Key) => setRevoking(key) }
  const expire = {
    label: 'Expire in 90 days',
    run: (key: Key) => mend(key, { expiresAt: inDays(90) }),
  }
  const kinds: { title: string; why: string; found: Found[] }[] = [
    {
      title: 'Never used',
      why: 'Nobody would miss it, but whoever finds it can use it.',
      found: idlest
        .filter((key) => isNeverUsed(key, nowMs))
        .map((key) => ({
          key,
          detail: (
            <>
              made <When time={key.createdAt} />
            </>
          ),
          mend: revoke,
        })),
    },
    {
      title: `Idle for ${idleDays} days`,
      why: 'What used it has probably moved on.',
      found: idlest
        .filter((key) => isIdle(key, nowMs))
        .map((key) => ({
          key,
          detail: key.lastUsedAt && (
            <>
              last used <When time={key.lastUsedAt} />
            </>
          ),
          mend: revoke,
        })),
    },
    {
      title: 'No expiry',
      why: 'It works until someone remembers it.',
      found: longest
        .filter(({ expiresAt }) => expiresAt === null)
        .map((key) => ({
          key,
          detail: 'never expires',
          mend: expire,
        })),
    },
    {
      title: 'Permissions never used',
      why: `What no request of ${idleDays} days needed is only there for a thief. Use is counted by route: where reading and writing share one, either counts as use of both.`,
      found: busiest.flatMap((key) => {
        const found = superfluous(key, contract, counts)
        if (found === null) return []
        const { unused, kept } = found
        const detail = <Mono key="unused">{unused.join(', ')}</Mono>
        const label = `Take away ${unused.length}`
        return [{ key, detail, mend: { label, run: (key: Key) => mend(key, { permissions: kept }) } }]
      }),
    },
  ]
  const found = kinds.filter((kind) => kind.found.length > 0)
  return (
    <Page title="Hygiene" description="Keys that are worth a look, each with what mends it.">
      {revoking && <RevokeKey of={revoking} onClose={() => setRevoking(null)} />}
      <div className="space-y-5">
        {found.length === 0 && (
          <Card>
            <p className="flex items-center gap-3 px-5 py-4">
              <CircleCheck size={16} aria-hidden className="text-good" />
              Nothing to mend: every active key is in use, expires and needs what it may do.
            </p>
          </Card>
        )}
        {found.map(({ title, why, found }) => (
          <Card key={title} title={`${title} (${found.length === most ? `${most} or more` : found.length})`}>
            <p className="border-b px-5 py-2.5 text-muted">{why}</p>
            <ul className="divide-y">
              {found.map((one) => (
                <Finding key={one.key.id} found={one} organization={organization} mayChange={mayChange} />
              ))}
            </ul>
          </Card>
        ))}
      </div>
    </Page>
  )
}

async function mend(key: Key, patch: Parameters<typeof keywright.keys.update>[1]): Promise<void> {
  await keywright.keys.update(key.id, patch)
  await queries.invalidateQueries({ queryKey: ['keys'] })
  await queries.invalidateQueries({ queryKey: ['key', key.id] })
}
