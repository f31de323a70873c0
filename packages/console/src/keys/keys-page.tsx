import type { Key } from '@keywright/client'
import { useInfiniteQuery, useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link, useParams, useSearch } from '@tanstack/react-router'
import { KeyRound, Plus, Search } from 'lucide-react'
import { useEffect, useState } from 'react'
import { contractQuery, keysQuery, projectsQuery } from '../api/queries.ts'
import { EnvironmentBadge, StateBadge } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { Input, Select } from '../parts/field.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Empty, Loading, Page } from '../parts/page.tsx'
import { Cell, Row, Table } from '../parts/table.tsx'
import { Foreign, Mono } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { useMayChange, usePlace } from '../shell/place.ts'
import { counted } from '../shell/words.ts'
import { CreateKey } from './create-key.tsx'
import { Expiry } from './expiry-cell.tsx'

const states = ['active', 'suspended', 'expired', 'revoked'] as const

/** So many that match are looked for before more have to be asked for. */
const wanted = 25

export function KeysPage() {
  const { organization } = useParams({ from: '/signed-in/shell/$organization/keys' })
  const search = useSearch({ from: '/signed-in/shell/$organization/keys' })
  const { data: contract } = useSuspenseQuery(contractQuery)
  const { current } = usePlace()
  const mayChange = useMayChange(organization)
  const hasProjects = contract.boundTo === 'project'
  const { data: projects } = useQuery({ ...projectsQuery(organization), enabled: hasProjects })
  const [isCreating, setCreating] = useState(false)
  const [text, setText] = useState('')
  const [state, setState] = useState('')
  const [project, setProject] = useState(search.project ?? '')
  const keys = useInfiniteQuery(keysQuery({ organization, project: project || undefined, state: state || undefined }))
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage } = keys

  const read = data?.pages.flatMap((page) => page.keys) ?? []
  const found = read.filter((key) => matches(key, text))
  const isSearchingOn = text !== '' && found.length < wanted && hasNextPage
  useEffect(() => {
    if (isSearchingOn && !isFetchingNextPage) fetchNextPage()
  }, [isSearchingOn, isFetchingNextPage, fetchNextPage])

  const isFiltered = text !== '' || state !== '' || project !== ''
  const hasProject = !hasProjects || (projects?.projects.length ?? 0) > 0
  // Where there can be one, the one there is gets a new secret instead.
  const isTaken = contract.oneKeyPerOrganization && read.some((key) => key.state === 'active')
  const create = mayChange && current && hasProject && !isTaken && (
    <Button look="primary" icon={<Plus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      Create API key
    </Button>
  )
  return (
    <Page
      title="API keys"
      description={`What programs use to call ${contract.title}. Give each program its own, so that you can end one without the others.`}
      actions={create}
    >
      {isCreating && current && (
        <CreateKey organization={current} project={project || undefined} onClose={() => setCreating(false)} />
      )}
      {(read.length > 0 || isFiltered) && (
        <div className="mb-4 flex flex-wrap gap-2">
          <span className="relative min-w-0 flex-1 basis-52">
            <Search size={15} aria-hidden className="absolute top-1/2 left-3 -translate-y-1/2 text-muted" />
            <Input
              type="search"
              aria-label="Search by name, hint or id"
              placeholder="Search by name, hint or id"
              value={text}
              onChange={(event) => setText(event.target.value)}
              className="pl-9"
            />
          </span>
          {hasProjects && (
            <Select
              aria-label="Project"
              className="w-44"
              value={project}
              onChange={(event) => setProject(event.target.value)}
            >
              <option value="">All projects</option>
              {projects?.projects.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </Select>
          )}
          <Select aria-label="State" className="w-36" value={state} onChange={(event) => setState(event.target.value)}>
            <option value="">Any state</option>
            {states.map((state) => (
              <option key={state} value={state}>
                {state}
              </option>
            ))}
          </Select>
        </div>
      )}
      <Card>
        {error && (
          <div className="p-5">
            <ErrorNotice error={error} onRetry={() => keys.refetch()} />
          </div>
        )}
        {isPending && <Loading label="Loading the keys" />}
        {data && found.length === 0 && !isSearchingOn && (
          <Empty
            icon={<KeyRound size={20} aria-hidden />}
            title={isFiltered ? 'No key matches' : 'No API keys yet'}
            action={isFiltered ? null : create}
          >
            {isFiltered
              ? 'Change the search or the filters.'
              : firstSteps(mayChange, hasProject, contract.docs.variable)}
          </Empty>
        )}
        {found.length > 0 && <KeyTable keys={found} organization={organization} />}
        {data && read.length > 0 && (
          <footer className="flex min-h-12 flex-wrap items-center justify-between gap-3 border-t px-5 py-2 text-muted">
            <span aria-live="polite">
              {text === '' ? counted(read.length, 'key') : `${found.length} of ${counted(read.length, 'key')}`}
              {hasNextPage && ', more to come'}
            </span>
            {hasNextPage && (
              <Button isBusy={isFetchingNextPage} onClick={() => fetchNextPage()}>
                {isSearchingOn ? 'Searching…' : 'Load more'}
              </Button>
            )}
          </footer>
        )}
      </Card>
    </Page>
  )
}

function firstSteps(mayChange: boolean, hasProject: boolean, variable: string): string {
  if (!mayChange) return 'Owners and admins of this organization create them.'
  if (!hasProject) return 'A key acts on one project. Create a project first.'
  return `Create one, put it into ${variable}, and send it with every request. It is shown once, so have a safe place ready.`
}

function matches({ id, name, hint, versions }: Key, text: string): boolean {
  const wanted = text.trim().toLowerCase()
  return [id, name, hint, ...versions.map(({ hint }) => hint)].some((value) => value.toLowerCase().includes(wanted))
}

function KeyTable({ keys, organization }: { keys: readonly Key[]; organization: string }) {
  return (
    <Table label="API keys" columns={['Name', 'Key', 'State', 'Last used', 'Expires', 'Created']}>
      {keys.map((key) => (
        <Row key={key.id}>
          <Cell className="max-w-64 min-w-44">
            <Link
              to="/$organization/keys/$key"
              params={{ organization, key: key.id }}
              className="flex font-medium underline-offset-4 hover:underline"
            >
              <Foreign>{key.name}</Foreign>
            </Link>
          </Cell>
          <Cell className="whitespace-nowrap">
            <span className="inline-flex items-center gap-2">
              <Mono>{key.hint}</Mono>
              <EnvironmentBadge environment={key.environment} />
            </span>
          </Cell>
          <Cell>
            <StateBadge state={key.state} />
          </Cell>
          <Cell className="whitespace-nowrap text-muted">
            {key.lastUsedAt === null ? 'Never used' : <When time={key.lastUsedAt} />}
          </Cell>
          <Cell className="whitespace-nowrap text-muted">
            <Expiry of={key} />
          </Cell>
          <Cell className="whitespace-nowrap text-muted">
            <When time={key.createdAt} />
          </Cell>
        </Row>
      ))}
    </Table>
  )
}
