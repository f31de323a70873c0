import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { KeyRound } from 'lucide-react'
import { lazy, type ReactNode, Suspense, useState } from 'react'
import { contractQuery, keysQuery, projectsQuery } from '../api/queries.ts'
import { Button } from '../parts/button.tsx'
import { textOf, useKept, useKeptText } from '../parts/kept.ts'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Empty, Loading } from '../parts/page.tsx'
import { Pager, Told, usePaging, useWayBack } from '../parts/pager.tsx'
import { useMayChange } from '../shell/place.ts'
import { counted } from '../shell/words.ts'
import { KeyFilters } from './key-filters.tsx'
import { type KeyListSearch, keyListSearch } from './key-list-search.ts'
import { KeyTable } from './key-table.tsx'

const BulkRevoke = lazy(async () => ({ default: (await import('./bulk-revoke.tsx')).BulkRevoke }))

export interface KeyListProps {
  organization: string
  project?: string
  /** The button that makes one. */
  create: ReactNode
}

/** Found, filtered, sorted and paged by the server, so that it is as quick with 100,000 keys as with ten. */
export function KeyList({ organization, project, create }: KeyListProps) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const mayChange = useMayChange(organization)
  const search: KeyListSearch = useSearch({ strict: false })
  const { state, project: within = '', order = 'created', direction = 'desc' } = search
  const navigate = useNavigate()
  const kept = useKept()
  const text = useKeptText()
  const change = (changed: Partial<Record<keyof KeyListSearch, string>>) =>
    navigate({
      to: '.',
      search: keyListSearch({ ...search, ...changed }),
      state: { kept: { typed: kept.typed, cursors: [] } },
      replace: true,
    })
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [isRevoking, setRevoking] = useState(false)
  const q = textOf(kept).trim()
  const asked = {
    organization,
    project: project ?? (within || undefined),
    state,
    q: q || undefined,
  }
  const sort = { order, direction }
  const paging = usePaging()
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery(
    keysQuery({ ...asked, ...sort, cursor: paging.cursor }),
  )
  // Also until what an emptied field leaves is there: the field has the focus.
  const isFiltered = text.value !== '' || q !== '' || state !== undefined || within !== '' || isPlaceholderData
  const keys = data?.items ?? []
  const isEmpty = data !== undefined && keys.length === 0
  useWayBack(paging, isEmpty && !isPlaceholderData)
  return (
    <>
      {isRevoking && (
        <Suspense>
          <BulkRevoke
            keys={[...chosen]}
            onClose={(isDone) => {
              setRevoking(false)
              if (isDone) setChosen(new Set())
            }}
          />
        </Suspense>
      )}
      {(keys.length > 0 || isFiltered) && !contract.oneKeyPerOrganization && (
        <KeyFilters
          {...{ text, within, organization }}
          state={state ?? ''}
          hasProjects={contract.boundTo === 'project' && project === undefined}
          onState={(state) => change({ state })}
          onWithin={(project) => change({ project })}
        />
      )}
      <div
        className={
          chosen.size > 0
            ? 'mb-3 flex flex-wrap items-center justify-between gap-3 rounded-xl border bg-raised px-5 py-2.5'
            : ''
        }
      >
        <Told>{chosen.size > 0 && <span className="font-medium">{counted(chosen.size, 'key')} chosen</span>}</Told>
        {chosen.size > 0 && (
          <span className="flex gap-2">
            <Button onClick={() => setChosen(new Set())}>Clear</Button>
            <Button look="danger" onClick={() => setRevoking(true)}>
              Revoke {chosen.size} …
            </Button>
          </span>
        )}
      </div>
      <Card>
        {error && (
          <div className="p-5">
            <ErrorNotice error={error} onRetry={() => refetch()} />
          </div>
        )}
        {isPending && <Loading label="Loading the keys" />}
        {keys.length > 0 && (
          <div className={`rounded-[inherit] ${isPlaceholderData ? 'opacity-60' : ''}`}>
            <KeyTable
              {...{ keys, organization, sort, chosen }}
              {...(project === undefined && { list: { search, kept } })}
              onSort={change}
              {...(mayChange && !contract.oneKeyPerOrganization && { onChoose: setChosen })}
            />
          </div>
        )}
        <Told>
          {isEmpty && paging.before === 0 && (
            <NoKeys {...{ organization, isFiltered, mayChange, create }} {...(project !== undefined && { project })} />
          )}
          {data && keys.length > 0 && <Pager {...paging} shown={keys.length} noun="key" next={data.nextCursor} />}
        </Told>
      </Card>
    </>
  )
}

interface NoKeysProps extends KeyListProps {
  isFiltered: boolean
  mayChange: boolean
}

function NoKeys({ organization, project, isFiltered, mayChange, create }: NoKeysProps) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const isBound = contract.boundTo === 'project' && project === undefined
  const { data: projects } = useQuery({ ...projectsQuery(organization), enabled: isBound })
  const icon = <KeyRound size={20} aria-hidden />
  if (isFiltered) {
    return (
      <Empty icon={icon} title="No key matches">
        Change the search or the filters.
      </Empty>
    )
  }
  const hasNoProject = isBound && projects?.projects.length === 0
  const { variable, organization: noun } = contract.docs
  const text = !mayChange
    ? `Owners and admins of this ${noun} create them.`
    : hasNoProject
      ? 'A key acts on one project. Create a project first.'
      : `Create one, put it into ${variable}, and send it with every request. It is shown once, so have a safe place ready.`
  return (
    <Empty icon={icon} title="No API keys yet" action={create}>
      {text}
    </Empty>
  )
}
