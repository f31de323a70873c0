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
import { Finding, type Found } from './finding.tsx'
import { idleDays, superfluous } from './findings.ts'
import { lookAtRoutes, lookForEndless, lookForUnused, most } from './look.ts'
import { NotLookedAt } from './not-looked-at.tsx'

export function HygienePage() {
  const { organization } = useParams({ from: '/signed-in/shell/$organization/hygiene' })
  const { data: contract } = useSuspenseQuery(contractQuery)
  const mayChange = useMayChange(organization)
  const [revoking, setRevoking] = useState<Key | null>(null)
  const asksPermissions = offeredPermissions(contract).length > 0
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['keys', 'hygiene', organization],
    async queryFn({ signal }) {
      const nowMs = Date.now()
      const [unused, endless, routes] = await Promise.all([
        lookForUnused(organization, nowMs, signal),
        lookForEndless(organization, signal),
        asksPermissions ? lookAtRoutes(organization, nowMs, signal) : null,
      ])
      return { unused, endless, routes }
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
  const { unused, endless, routes } = data
  const revoke = { label: 'Revoke', run: async (key: Key) => setRevoking(key) }
  const expire = {
    label: 'Expire in 90 days',
    run: (key: Key) => mend(key, { expiresAt: inDays(90) }),
  }
  const kinds: { title: string; why: string; found: Found[] }[] = [
    {
      title: 'Never used',
      why: 'Nobody would miss it, but whoever finds it can use it.',
      found: unused.neverUsed.map((key) => ({
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
      found: unused.idle.map((key) => ({
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
      found: endless.map((key) => ({
        key,
        detail: 'never expires',
        mend: expire,
      })),
    },
    {
      title: 'Permissions never used',
      why: `What no request of ${idleDays} days needed is only there for a thief. Use is counted by route: where reading and writing share one, either counts as use of both.`,
      found: (routes?.keys ?? []).flatMap((key) => {
        const found = superfluous(key, contract, routes?.counts ?? [])
        if (found === null) return []
        const { unused, kept } = found
        const detail = <Mono key="unused">{unused.join(', ')}</Mono>
        const label = `Take away ${unused.length}`
        return [{ key, detail, mend: { label, run: (key: Key) => mend(key, { permissions: kept }) } }]
      }),
    },
  ]
  const found = kinds.filter((kind) => kind.found.length > 0)
  const isAll = unused.isAll && routes?.isAll !== false
  return (
    <Page title="Hygiene" description="Keys that are worth a look, each with what mends it.">
      {revoking && <RevokeKey of={revoking} onClose={() => setRevoking(null)} />}
      <div className="space-y-5">
        {found.length === 0 && (
          <Card>
            <p className="flex items-center gap-3 px-5 py-4">
              <CircleCheck size={16} aria-hidden className="shrink-0 text-good" />
              {unused.isNone
                ? 'Nothing to mend: there are no active keys.'
                : isAll
                  ? 'Nothing to mend: no active key lies unused, is without an expiry or may do more than it needs.'
                  : 'Nothing to mend among what was looked at.'}
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
        <NotLookedAt unused={unused} routes={routes} />
      </div>
    </Page>
  )
}

async function mend(key: Key, patch: Parameters<typeof keywright.keys.update>[1]): Promise<void> {
  await keywright.keys.update(key.id, patch)
  await queries.invalidateQueries({ queryKey: ['keys'] })
  await queries.invalidateQueries({ queryKey: ['key', key.id] })
}
