import type { Organization } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Building2, Plus } from 'lucide-react'
import { useState } from 'react'
import { contractQuery, organizationsQuery } from '../api/queries.ts'
import { planHeld } from '../keys/limit-words.ts'
import { Badge } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { textOf, useKept, useKeptText } from '../parts/kept.ts'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Empty, Loading, Page } from '../parts/page.tsx'
import { Pager, Told, usePaging, useWayBack } from '../parts/pager.tsx'
import { RowMenu } from '../parts/row-menu.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Cell, extra, NameCell, Row, Table, Under } from '../parts/table.tsx'
import { Foreign, Mono, visible } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { capitalized, plural } from '../shell/words.ts'
import { ChangeState } from './change-state.tsx'
import { CreateOrganization } from './create-organization.tsx'
import { DeleteOrganization } from './delete-organization.tsx'
import { EditOrganization } from './edit-organization.tsx'

export function OrganizationsPage() {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const text = useKeptText()
  const q = textOf(useKept()).trim()
  const paging = usePaging()
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery(
    organizationsQuery({ q: q || undefined, cursor: paging.cursor }),
  )
  const isEmpty = data?.organizations.length === 0
  // Also until what an emptied field leaves is there: the field has the focus.
  const isSearched = text.value !== '' || q !== '' || isPlaceholderData
  useWayBack(paging, isEmpty && !isPlaceholderData)
  const [isCreating, setCreating] = useState(false)
  const [changing, setChanging] = useState<Organization | null>(null)
  const [editing, setEditing] = useState<Organization | null>(null)
  const [deleting, setDeleting] = useState<Organization | null>(null)
  const noun = contract.docs.organization
  const hasPlans = Object.keys(contract.plans).length > 0
  const planOf = (organization: Organization) => capitalized(planHeld(contract, organization) ?? '')
  const create = (
    <Button look="primary" icon={<Plus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      Create {noun}
    </Button>
  )
  const columns = [
    'Name',
    extra('Id'),
    ...(hasPlans ? [extra('Plan')] : []),
    ...(contract.namespaces ? [extra('Namespaces', 'wide')] : []),
    'State',
    extra('Created', 'wide'),
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
      {changing && <ChangeState of={changing} onClose={() => setChanging(null)} />}
      {deleting && <DeleteOrganization of={deleting} onClose={() => setDeleting(null)} />}
      {(isSearched || paging.before > 0 || (data && data.organizations.length > 1)) && (
        <div className="mb-4 flex">
          <SearchField label="Search by name or id" {...text} />
        </div>
      )}
      <Card>
        {error && (
          <div className="p-5">
            <ErrorNotice error={error} onRetry={() => refetch()} />
          </div>
        )}
        {isPending && <Loading label={`Loading the ${plural(noun)}`} />}
        {data && data.organizations.length > 0 && (
          <div className={`rounded-[inherit] ${isPlaceholderData ? 'opacity-60' : ''}`}>
            <Table label={capitalized(plural(noun))} columns={columns}>
              {data.organizations.map((organization) => (
                <Row key={organization.id}>
                  <NameCell className="max-w-32 sm:min-w-36 xl:max-w-64">
                    <Link
                      to="/$organization/keys"
                      params={{ organization: organization.id }}
                      className="flex font-medium underline-offset-4 hover:underline"
                    >
                      <Foreign>{organization.name}</Foreign>
                    </Link>
                    <Under>
                      <Mono className="wrap-anywhere">{organization.id}</Mono>
                      {hasPlans && <span>{planOf(organization)}</span>}
                    </Under>
                  </NameCell>
                  <Cell isExtra className="min-w-36 xl:whitespace-nowrap">
                    <Mono className="wrap-anywhere">{organization.id}</Mono>
                  </Cell>
                  {hasPlans && <Cell isExtra>{planOf(organization)}</Cell>}
                  {contract.namespaces && (
                    <Cell isExtra="wide" className="min-w-36 max-w-56">
                      <Mono className="wrap-anywhere">{organization.namespaces?.join(', ') ?? 'all'}</Mono>
                    </Cell>
                  )}
                  <Cell>
                    <Badge tone={organization.state === 'active' ? 'good' : 'warn'}>
                      {capitalized(organization.state)}
                    </Badge>
                  </Cell>
                  <Cell isExtra="wide" className="whitespace-nowrap text-muted">
                    <When time={organization.createdAt} />
                  </Cell>
                  <Cell className="w-px text-right">
                    <RowMenu
                      label={`Manage ${visible(organization.name)}`}
                      actions={[
                        { label: 'Edit', run: () => setEditing(organization) },
                        {
                          label: organization.state === 'active' ? 'Suspend' : 'Resume',
                          run: () => setChanging(organization),
                        },
                        { label: 'Delete', isDangerous: true, run: () => setDeleting(organization) },
                      ]}
                    />
                  </Cell>
                </Row>
              ))}
            </Table>
          </div>
        )}
        <Told>
          {isEmpty && paging.before === 0 && isSearched && (
            <Empty icon={<Building2 size={20} aria-hidden />} title={`No ${noun} matches`}>
              Change the search.
            </Empty>
          )}
          {isEmpty && paging.before === 0 && !isSearched && (
            <Empty icon={<Building2 size={20} aria-hidden />} title={`No ${plural(noun)} yet`} action={create}>
              Every key belongs to one. Create the first for your first customer, or for yourself.
            </Empty>
          )}
          {data && data.organizations.length > 0 && (
            <Pager {...paging} shown={data.organizations.length} noun={noun} next={data.nextCursor} />
          )}
        </Told>
      </Card>
    </Page>
  )
}
