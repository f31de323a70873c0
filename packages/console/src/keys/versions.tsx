import type { Contract, Key, SecretVersion } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { contractQuery, every, queries } from '../api/queries.ts'
import { Badge } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { ConfirmDialog } from '../parts/form-dialog.tsx'
import { ErrorNotice, Notice } from '../parts/notice.tsx'
import { Card } from '../parts/page.tsx'
import { Mono } from '../parts/text.tsx'
import { useNow, When } from '../parts/time.tsx'
import { countDown, exactly } from '../parts/time-words.ts'
import { useAction } from '../parts/use-action.ts'
import { counted } from '../shell/words.ts'
import { CallerTable } from './callers.tsx'
import { GraceChoice, graceChoices } from './grace.tsx'
import { placesInWords, type Seen } from './places.ts'
import { whereAndWhen } from './revocation.ts'

/** The secrets of a key, the newest first; one in its grace counts down, and shows who has not moved yet. */
export function Versions({ of: key, mayChange }: { of: Key; mayChange: boolean }) {
  const now = useNow()
  const newestFirst = key.versions.toReversed()
  return (
    <Card title="Secrets">
      <ul className="divide-y">
        {newestFirst.map((version) => (
          <Version key={version.number} of={key} version={version} now={now} mayChange={mayChange} />
        ))}
      </ul>
    </Card>
  )
}

function Version({
  of: key,
  version,
  now,
  mayChange,
}: {
  of: Key
  version: SecretVersion
  now: number
  mayChange: boolean
}) {
  const isEnded = key.state === 'revoked' || key.state === 'expired'
  const leftMs = version.retiresAt === null ? null : Date.parse(version.retiresAt) - now
  const isRetiring = !isEnded && leftMs !== null && leftMs > 0
  return (
    <li className="px-5 py-4">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Mono className={isRetiring || leftMs === null ? '' : 'text-muted line-through'}>{version.hint}</Mono>
        {leftMs === null && <Badge tone={isEnded ? 'plain' : 'good'}>{isEnded ? 'Last' : 'Current'}</Badge>}
        {isRetiring && <Badge tone="warn">Rotating</Badge>}
        {leftMs !== null && leftMs <= 0 && <Badge>Ended</Badge>}
        <span className="text-muted">
          made <When time={version.createdAt} />
          {' · '}
          {version.lastUsedAt === null ? (
            'never used'
          ) : (
            <>
              last used <When time={version.lastUsedAt} />
            </>
          )}
        </span>
        {isRetiring && leftMs !== null && version.retiresAt !== null && (
          <span className="ml-auto font-mono tabular-nums" title={exactly(version.retiresAt)}>
            <span className="sr-only">ends in </span>
            {countDown(leftMs)}
          </span>
        )}
      </div>
      {isRetiring && <Retiring of={key} version={version} mayChange={mayChange} />}
    </li>
  )
}

function Retiring({ of: key, version, mayChange }: { of: Key; version: SecretVersion; mayChange: boolean }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const [open, setOpen] = useState<'end' | 'extend' | null>(null)
  const { data, error, refetch } = useQuery({
    queryKey: ['callers', key.id, version.number],
    queryFn: ({ signal }) =>
      keywright.keys.callers(key.id, { version: version.number, since: newest(key), limit: 20 }, { signal }).page(),
    select: (page) => seenSince(newest(key), page),
    refetchInterval: every(5_000),
  })
  const seen = error ? undefined : data
  return (
    <div className="mt-4 rounded-lg border">
      <div className="flex flex-wrap items-center justify-between gap-3 px-4 py-3">
        <p className="min-w-0 flex-1 basis-60">{seenInWords(seen)}</p>
        {mayChange && (
          <span className="flex gap-2">
            <Button onClick={() => setOpen('extend')}>Change the end</Button>
            <Button onClick={() => setOpen('end')}>End now</Button>
          </span>
        )}
      </div>
      {error && (
        <div className="px-4 pb-4">
          <ErrorNotice error={error} onRetry={() => refetch()} />
        </div>
      )}
      {seen && seen.callers.length > 0 && <CallerTable callers={seen.callers} />}
      {open && (
        <ChangeGrace
          of={key}
          version={version}
          isEnding={open === 'end'}
          seen={seen}
          contract={contract}
          onClose={() => setOpen(null)}
        />
      )}
    </div>
  )
}

function seenInWords(seen: Seen | undefined): string {
  if (!seen) return 'Who still uses this secret is not known yet.'
  if (seen.callers.length === 0) return 'Nobody has been seen with this secret since the hour of the rotation.'
  const requests = seen.callers.reduce((sum, { allowed }) => sum + allowed, 0)
  const least = seen.nextCursor === null ? '' : 'at least '
  return `Still used from ${placesInWords(seen)}, with ${least}${counted(requests, 'request')} since the hour of the rotation.`
}

/** The old secret was the only one before. */
function newest({ versions }: Key): string | undefined {
  return versions.at(-1)?.createdAt
}

/** Callers come by the hour, whoever was seen last first: some may have been seen before it alone. */
function seenSince(time = '', { callers, nextCursor }: Seen): Seen {
  const since = callers.filter(({ lastSeenAt }) => lastSeenAt >= time)
  return { callers: since, nextCursor: since.length < callers.length ? null : nextCursor }
}

interface ChangeGraceProps {
  of: Key
  version: SecretVersion
  isEnding: boolean
  /** undefined: not known. */
  seen: Seen | undefined
  contract: Contract
  onClose: () => void
}

function ChangeGrace({ of: key, version, isEnding, seen, contract, onClose }: ChangeGraceProps) {
  const choices = graceChoices(contract.rotation.maxGraceSeconds).filter((seconds) => seconds > 0)
  const [seconds, setSeconds] = useState(isEnding ? 0 : (choices[0] ?? 0))
  const change = useAction(async () => {
    const changed = await keywright.keys.changeGrace(key.id, version.number, { graceSeconds: seconds })
    await queries.invalidateQueries({ queryKey: ['key', key.id] })
    onClose()
    return changed
  })
  return (
    <ConfirmDialog
      {...{ error: change.error, isBusy: change.isBusy, onClose }}
      title={isEnding ? 'End the old secret now' : 'Change when the old secret ends'}
      action={isEnding ? 'End it now' : 'Change the end'}
      isDangerous={isEnding}
      onSubmit={() => change.run(undefined)}
    >
      {isEnding && seen?.callers.length !== 0 && (
        <Notice
          title={
            seen ? `${placesInWords(seen)} used it since the rotation` : 'Who used it since the rotation is not known'
          }
        >
          Their next request is refused unless they have the new secret by then.
        </Notice>
      )}
      {isEnding ? (
        <p>
          <Mono>{version.hint}</Mono> is refused {whereAndWhen(contract)}. The new secret goes on working.
        </p>
      ) : (
        <GraceChoice legend="Counted from now" choices={choices} value={seconds} onChange={setSeconds} />
      )}
    </ConfirmDialog>
  )
}
