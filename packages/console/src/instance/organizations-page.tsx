import type { Organization, OrganizationPatch } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Building2, Plus } from 'lucide-react'
import { useState } from 'react'
import { keywright } from '../api/keywright.ts'
import { contractQuery, organizationsQuery, queries } from '../api/queries.ts'
import { Badge } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { Dialog, DialogActions, DialogBody } from '../parts/dialog.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Empty, Loading, Page } from '../parts/page.tsx'
import { Cell, Row, Table } from '../parts/table.tsx'
import { Foreign, Mono } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { useAction } from '../parts/use-action.ts'
import { capitalized, plural } from '../shell/words.ts'
import { CreateOrganization } from './create-organization.tsx'
import { EditOrganization } from './edit-organization.tsx'

export function OrganizationsPage() {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const { data, error, isPending, refetch } = useQuery(organizationsQuery)
  const [isCreating, setCreating] = useState(false)
  const [changing, setChanging] = useState<Organization | null>(null)
  const [editing, setEditing] = useState<Organization | null>(null)
  const noun = contract.docs.organization
  const hasPlans = Object.keys(contract.plans).length > 0
  const create = (
    <Button look="primary" icon={<Plus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      Create {noun}
    </Button>
  )
  const columns = [
    'Name',
    'Id',
    ...(hasPlans ? ['Plan'] : []),
    ...(contract.namespaces ? ['Namespaces'] : []),
    'State',
    'Created',
    '(Actions)',
  ]
  return (
    <Page
      title={capitalized(plural(noun))}
      description={`Every customer account of this instance. Only operators see this page.`}
      actions={create}
    >
      {isCreating && <CreateOrganization onClose={() => setCreating(false)} />}
      {editing && <EditOrganization of={editing} onClose={() => setEditing(null)} />}
      {changing && <ChangeState of={changing} noun={noun} onClose={() => setChanging(null)} />}
      <Card>
        {error && (
          <div className="p-5">
            <ErrorNotice error={error} onRetry={() => refetch()} />
          </div>
        )}
        {isPending && <Loading label={`Loading the ${plural(noun)}`} />}
        {data?.organizations.length === 0 && (
          <Empty icon={<Building2 size={20} aria-hidden />} title={`No ${plural(noun)} yet`} action={create}>
            Every key belongs to one. Create the first for your first customer, or for yourself.
          </Empty>
        )}
        {data && data.organizations.length > 0 && (
          <Table label={capitalized(plural(noun))} columns={columns}>
            {data.organizations.map((organization) => (
              <Row key={organization.id}>
                <Cell className="max-w-64 min-w-36">
                  <Link
                    to="/$organization/keys"
                    params={{ organization: organization.id }}
                    className="flex font-medium underline-offset-4 hover:underline"
                  >
                    <Foreign>{organization.name}</Foreign>
                  </Link>
                </Cell>
                <Cell className="whitespace-nowrap">
                  <Mono>{organization.id}</Mono>
                </Cell>
                {hasPlans && <Cell>{organization.plan === null ? 'None' : capitalized(organization.plan)}</Cell>}
                {contract.namespaces && (
                  <Cell className="max-w-56 truncate">
                    <Mono>{organization.namespaces?.join(', ') ?? 'all'}</Mono>
                  </Cell>
                )}
                <Cell>
                  <Badge tone={organization.state === 'active' ? 'good' : 'warn'}>
                    {capitalized(organization.state)}
                  </Badge>
                </Cell>
                <Cell className="whitespace-nowrap text-muted">
                  <When time={organization.createdAt} />
                </Cell>
                <Cell className="text-right whitespace-nowrap">
                  <Button look="ghost" onClick={() => setEditing(organization)}>
                    Edit<span className="sr-only"> {organization.name}</span>
                  </Button>
                  <Button look="ghost" onClick={() => setChanging(organization)}>
                    {organization.state === 'active' ? 'Suspend' : 'Resume'}
                    <span className="sr-only"> {organization.name}</span>
                  </Button>
                </Cell>
              </Row>
            ))}
          </Table>
        )}
      </Card>
    </Page>
  )
}

function ChangeState({
  of: { id, name, state },
  noun,
  onClose,
}: {
  of: Organization
  noun: string
  onClose: () => void
}) {
  const isEnding = state === 'active'
  const keys = useQuery({
    queryKey: ['keys', 'active', id],
    queryFn: ({ signal }) => keywright.keys.list({ organization: id, state: 'active', limit: 200 }, { signal }).page(),
  })
  const change = useAction(async () => {
    const patch: OrganizationPatch = { state: isEnding ? 'suspended' : 'active' }
    await keywright.organizations.update(id, patch)
    await queries.invalidateQueries({ queryKey: ['organizations'] })
    onClose()
  })
  const count = keys.data ? `${keys.data.keys.length}${keys.data.nextCursor === null ? '' : ' or more'}` : '…'
  return (
    <Dialog title={`${isEnding ? 'Suspend' : 'Resume'} ${name}`} onClose={onClose} isHeld={change.isBusy}>
      <DialogBody>
        {change.error !== null && <ErrorNotice error={change.error} />}
        <p>
          {isEnding
            ? `Its active keys (${count}) are refused at once here, and on every other node as soon as it hears of it (within 10 seconds unless you have set another bound), until this ${noun} is resumed.`
            : `Its active keys (${count}) are let in again.`}
        </p>
      </DialogBody>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button look={isEnding ? 'danger' : 'primary'} isBusy={change.isBusy} onClick={() => change.run(undefined)}>
          {isEnding ? 'Suspend' : 'Resume'}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
