import type { AuditEvent } from '@keywright/client'
import { useInfiniteQuery, useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { ChevronRight, Download, Link2, ScrollText } from 'lucide-react'
import { fullPage } from '../api/full-page.ts'
import { keywright } from '../api/keywright.ts'
import { membersQuery, viewerQuery } from '../api/queries.ts'
import { Badge } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { textOf, useKept, useKeptText } from '../parts/kept.ts'
import { LoadMore } from '../parts/load-more.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Empty, Loading, Page } from '../parts/page.tsx'
import { Told } from '../parts/pager.tsx'
import { Foreign, Mono, visible } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { useAction } from '../parts/use-action.ts'
import { useNoun } from '../shell/noun.ts'
import { withArticle } from '../shell/words.ts'
import { KeyName } from '../usage/key-name.tsx'
import { type AuditSearch, auditSearch } from './audit-search.ts'
import { ChainBadge } from './chain-badge.tsx'
import { csvHead, csvLine, jsonLine, save } from './download.ts'
import { AuditFilters, askedBy, filterOf } from './filters.tsx'
import { actionInWords, actorInWords, triggers } from './words.ts'

export function AuditPage() {
  const { organization } = useParams({ from: '/signed-in/shell/$organization/audit' })
  const search = useSearch({ from: '/signed-in/shell/$organization/audit' })
  const kept = useKept()
  const keyId = useKeptText()
  const navigate = useNavigate()
  const change = (changed: AuditSearch) =>
    navigate({ to: '.', search: auditSearch({ ...search, ...changed }), state: { kept }, replace: true })
  const asked = askedBy(search, textOf(kept))
  const filter = filterOf(organization, asked)
  const log = useInfiniteQuery({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam, signal }) =>
      fullPage(
        pageParam,
        (part) => keywright.audit.list({ ...filter, ...part }, { signal }).page(),
        ({ events }) => events,
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    staleTime: 0,
  })
  const download = useAction(async (form: 'csv' | 'jsonl') => {
    const lines = form === 'csv' ? [csvHead()] : []
    for await (const event of keywright.audit.list({ ...filter, limit: 200 })) {
      lines.push(form === 'csv' ? csvLine(event) : jsonLine(event))
    }
    save(`audit-${organization}.${form}`, form === 'csv' ? 'text/csv;charset=utf-8' : 'application/jsonl', lines)
  })
  const members = useQuery(membersQuery(organization))
  const { data: viewer } = useSuspenseQuery(viewerQuery)
  const people = new Map<string, string>()
  for (const { user, name, email } of members.data?.members ?? []) people.set(user, name ?? email ?? user)
  if (viewer) people.set(viewer.id, viewer.name)
  const events = log.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Page
      title="Audit log"
      heading={
        <>
          Audit log <ChainBadge organization={organization} />
        </>
      }
      description="Every change, by whom and from where. Each entry holds the hash of the one before, so none can be altered or left out unseen."
      actions={
        <>
          <Button
            icon={<Download size={15} aria-hidden />}
            isBusy={download.isBusy}
            onClick={() => download.run('csv')}
          >
            CSV
          </Button>
          <Button
            icon={<Download size={15} aria-hidden />}
            isBusy={download.isBusy}
            onClick={() => download.run('jsonl')}
          >
            JSON lines
          </Button>
        </>
      }
    >
      <AuditFilters value={asked} onChange={change} keyId={keyId} members={members.data?.members ?? []} />
      {download.error !== null && (
        <div className="mb-4">
          <ErrorNotice error={download.error} />
        </div>
      )}
      <Card>
        {log.error && !log.isFetchNextPageError && (
          <div className="p-5">
            <ErrorNotice error={log.error} onRetry={() => log.refetch()} />
          </div>
        )}
        {log.isPending && <Loading label="Loading the audit log" />}
        <Told>
          {log.data && events.length === 0 && !log.hasNextPage && (
            <Empty icon={<ScrollText size={20} aria-hidden />} title="Nothing here">
              No change matches. Remove a filter to see more.
            </Empty>
          )}
        </Told>
        <ul className="divide-y">
          {events.map((event) => (
            <Entry key={event.number} event={event} people={people} />
          ))}
        </ul>
        <LoadMore of={log} />
      </Card>
    </Page>
  )
}

function Entry({ event, people }: { event: AuditEvent; people: ReadonlyMap<string, string> }) {
  const { number, hash, action, actor, at } = event
  const role = offeredRole(event)
  const noun = useNoun()
  return (
    <li>
      <details className="group">
        <summary className="relative flex flex-wrap items-center gap-x-3 gap-y-1 py-3 pr-5 pl-10 hover:bg-raised/60">
          <ChevronRight
            size={14}
            aria-hidden
            className="absolute top-4.5 left-4.5 text-muted group-open:rotate-90 print:hidden"
          />
          <span className="flex min-w-0 flex-1 basis-72 flex-wrap items-center gap-x-1.5">
            <Foreign className="font-medium">{people.get(actor.id) ?? actorInWords(actor)}</Foreign>
            <span className="text-muted">
              {actionInWords(action, noun)}
              {role === null ? ':' : ` as ${withArticle(role)}`}
            </span>
            {role === null && <Target of={event} people={people} />}
          </span>
          <Badge>{triggers[actor.triggeredBy]}</Badge>
          <span className="inline-flex items-center gap-1 text-muted" title={`Entry ${number} of the chain: ${hash}`}>
            <Link2 size={13} aria-hidden />
            <Mono>{hash.slice(0, 8)}</Mono>
          </span>
          <When time={at} className="ml-auto text-right text-muted sm:w-32" />
        </summary>
        <pre className="mx-5 mb-4 overflow-x-auto rounded-lg bg-raised p-3 font-mono text-xs whitespace-pre-wrap break-all">
          {shown(event)}
        </pre>
      </details>
    </li>
  )
}

/** What an invitation is told by. The log names no address: it stays for ever. */
function offeredRole({ action, details }: AuditEvent): string | null {
  return action.startsWith('invitation.') && typeof details.role === 'string' ? details.role : null
}

/** What it happened to, by name where it has one. */
function Target({ of: { action, target, details }, people }: { of: AuditEvent; people: ReadonlyMap<string, string> }) {
  if (typeof details.name === 'string') return <Foreign>{details.name}</Foreign>
  if (action.startsWith('key.')) return <KeyName id={target} />
  // A member is `<organization>/<user>`.
  const id = target.slice(target.lastIndexOf('/') + 1)
  return <Foreign>{people.get(id) ?? id}</Foreign>
}

/** Line by line, so that nothing in a name can look like another line. */
function shown(event: AuditEvent): string {
  return JSON.stringify(event, null, 2)
    .split('\n')
    .map((line) => visible(line))
    .join('\n')
}
