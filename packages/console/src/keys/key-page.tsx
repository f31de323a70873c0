import { type Key, KeywrightError } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link, Navigate, useLocation, useParams } from '@tanstack/react-router'
import { Ban, Pause, Pencil, Play, RefreshCw } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { contractQuery, every, keyQuery, queries } from '../api/queries.ts'
import { EnvironmentBadge, StateBadge } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { CopyIcon } from '../parts/copy.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Facts, Loading, Page } from '../parts/page.tsx'
import { Foreign, Mono } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { useAction } from '../parts/use-action.ts'
import { useMayChange, usePlace } from '../shell/place.ts'
import { KeyUsage } from '../usage/key-usage.tsx'
import { Callers } from './callers.tsx'
import { EditKey } from './edit-key.tsx'
import { ExpiryInFull } from './expiry-cell.tsx'
import { limitsHeldBy, limitsInWords, usualLimits } from './limit-words.ts'
import { Maker, MakersPermissions, ProjectName } from './maker.tsx'
import { offeredPermissions } from './reach-fields.tsx'
import { RevokeKey } from './revoke-key.tsx'
import { RotateKey } from './rotate-key.tsx'
import { Versions } from './versions.tsx'

export function KeyPage() {
  const { organization, key: id } = useParams({ from: '/signed-in/shell/$organization/keys/$key' })
  const { data: key, error, refetch } = useQuery({ ...keyQuery(id), refetchInterval: every(5_000) })
  if (error && !key) {
    return (
      <Page title="API key" description={<AllKeys organization={organization} />}>
        <ErrorNotice error={error} onRetry={() => refetch()} />
      </Page>
    )
  }
  if (!key) {
    return (
      <Page title="API key">
        <Loading label="Loading the key" />
      </Page>
    )
  }
  if (key.organization !== organization) {
    return <Navigate to="/$organization/keys/$key" params={{ organization: key.organization, key: key.id }} replace />
  }
  return (
    <KeyDetail key={key.id} of={key} organization={organization} isGone={isNotFound(error)}>
      {error && <ErrorNotice error={error} onRetry={() => refetch()} />}
    </KeyDetail>
  )
}

function AllKeys({ organization }: { organization: string }) {
  const list = useLocation({ select: ({ state }) => state.keyList })
  return (
    <Link
      to="/$organization/keys"
      params={{ organization }}
      search={list?.search ?? {}}
      state={list ? { kept: list.kept } : {}}
      className="hover:text-ink hover:underline"
    >
      ← All API keys
    </Link>
  )
}

function isNotFound(error: unknown): boolean {
  return error instanceof KeywrightError && error.code === 'not_found'
}

interface KeyDetailProps {
  of: Key
  organization: string
  /** Deleted with its organization or project since it was read. */
  isGone: boolean
  children: ReactNode
}

function KeyDetail({ of: key, organization, isGone, children }: KeyDetailProps) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const mayChange = useMayChange(organization) && !isGone
  const { current } = usePlace()
  const [open, setOpen] = useState<'edit' | 'rotate' | 'revoke' | null>(null)
  const close = () => setOpen(null)
  const pause = useAction(async () => {
    await (key.state === 'suspended' ? keywright.keys.resume(key.id) : keywright.keys.suspend(key.id))
    await queries.invalidateQueries()
  })
  const isLive = key.state === 'active' || key.state === 'suspended'
  const PauseIcon = key.state === 'suspended' ? Play : Pause
  return (
    <Page
      title={key.name}
      heading={
        <>
          <Foreign className="wrap-anywhere whitespace-normal">{key.name}</Foreign>
          <StateBadge state={key.state} />
          {new Set(contract.forms.map(({ environment }) => environment)).size > 1 && (
            <EnvironmentBadge environment={key.environment} />
          )}
        </>
      }
      description={<AllKeys organization={organization} />}
      actions={
        mayChange &&
        isLive && (
          <div className="grid w-full grid-cols-2 gap-2 sm:flex sm:flex-wrap">
            <Button icon={<Pencil size={15} aria-hidden />} onClick={() => setOpen('edit')}>
              Edit
            </Button>
            <Button
              icon={<PauseIcon size={15} aria-hidden />}
              isBusy={pause.isBusy}
              onClick={() => pause.run(undefined)}
            >
              {key.state === 'suspended' ? 'Resume' : 'Suspend'}
            </Button>
            <Button icon={<RefreshCw size={15} aria-hidden />} onClick={() => setOpen('rotate')}>
              Rotate
            </Button>
            <Button look="danger" icon={<Ban size={15} aria-hidden />} onClick={() => setOpen('revoke')}>
              Revoke
            </Button>
          </div>
        )
      }
    >
      {open === 'edit' && <EditKey of={key} onClose={close} />}
      {open === 'rotate' && <RotateKey of={key} onClose={close} />}
      {open === 'revoke' && <RevokeKey of={key} onClose={close} />}
      <div className="space-y-5">
        {children}
        {pause.error !== null && <ErrorNotice error={pause.error} />}
        <Versions of={key} mayChange={mayChange} />
        <div className="grid items-start gap-5 lg:@2xl:grid-cols-2">
          <Card title="Details">
            <Facts
              facts={[
                [
                  'Key id',
                  <span key="id" className="flex items-center gap-1">
                    <Mono className="min-w-0 break-all">{key.id}</Mono>
                    <CopyIcon text={key.id} label="Copy the key id" />
                  </span>,
                ],
                ...(key.project === null ? [] : [['Project', <ProjectName key="project" of={key} />] as const]),
                ['Created', <When key="created" time={key.createdAt} />],
                ['Created by', <Maker key="by" of={key} />],
                ...(key.kind === 'secret' ? [] : [['Kind', key.kind] as const]),
                ['Last used', key.lastUsedAt === null ? 'Never used' : <When key="used" time={key.lastUsedAt} />],
                ['Expires', <ExpiryInFull key="expires" of={key} />],
                ...(key.revokedAt === null ? [] : [['Revoked', <When key="revoked" time={key.revokedAt} />] as const]),
                ...(key.revokedReason === null
                  ? []
                  : [
                      [
                        'Reason',
                        <Foreign key="reason" className="whitespace-normal">
                          {key.revokedReason}
                        </Foreign>,
                      ] as const,
                    ]),
              ]}
            />
          </Card>
          <Card title="What it may do">
            <Facts
              facts={[
                ...(contract.permissions.byMakersRole
                  ? [['Permissions', <MakersPermissions key="permissions" of={key} />] as const]
                  : []),
                ...(offeredPermissions(contract).length > 0 ||
                (key.permissions !== null && !contract.permissions.byMakersRole)
                  ? [
                      [
                        'Permissions',
                        <List key="permissions" items={key.permissions} all="Everything" none="Nothing" />,
                      ] as const,
                    ]
                  : []),
                ...(contract.namespaces === null
                  ? []
                  : [
                      [
                        'Namespaces',
                        <List key="namespaces" items={key.namespaces} all="All of them" none="None" />,
                      ] as const,
                    ]),
                ['Addresses', <List key="addresses" items={key.allowedIps} all="From anywhere" none="None" />],
                ['Limits', limitsInWords(limitsHeldBy(key, usualLimits(contract, current)), contract)],
              ]}
            />
          </Card>
        </div>
        <KeyUsage of={key} />
        <Callers of={key} />
      </div>
    </Page>
  )
}

function List({ items, all, none }: { items: readonly string[] | null; all: string; none: string }) {
  if (items === null) return all
  if (items.length === 0) return none
  return (
    <ul className="flex flex-wrap gap-1.5">
      {items.map((item) => (
        <li key={item} className="rounded-md bg-raised px-1.5 py-0.5 wrap-anywhere">
          <Mono>{item}</Mono>
        </li>
      ))}
    </ul>
  )
}
