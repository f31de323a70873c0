import type { Member, Role } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { Plus, UserMinus, Users } from 'lucide-react'
import { useState } from 'react'
import { membersQuery, viewerQuery } from '../api/queries.ts'
import { Badge } from '../parts/badge.tsx'
import { Button, IconButton } from '../parts/button.tsx'
import { Select } from '../parts/field.tsx'
import { NotAll } from '../parts/not-all.tsx'
import { ErrorNotice } from '../parts/notice.tsx'
import { Card, Empty, Loading, Page } from '../parts/page.tsx'
import { Cell, extra, NameCell, Row, Table, Under } from '../parts/table.tsx'
import { Foreign, visible } from '../parts/text.tsx'
import { When } from '../parts/time.tsx'
import { useNoun } from '../shell/noun.ts'
import { useMayChange, useRole } from '../shell/place.ts'
import { capitalized } from '../shell/words.ts'
import { shownAddress } from './address.ts'
import { ChangeRole } from './change-role.tsx'
import { Invitations } from './invitations.tsx'
import { InviteMember } from './invite-member.tsx'
import { RemoveMember } from './remove-member.tsx'
import { governs, rolesGivenBy } from './roles.ts'

export function MembersPage() {
  const { organization } = useParams({ from: '/signed-in/shell/$organization/members' })
  const members = useQuery(membersQuery(organization))
  const mayChange = useMayChange(organization)
  const { data: viewer } = useSuspenseQuery(viewerQuery)
  const own = useRole(organization)
  const noun = useNoun()
  const [isInviting, setInviting] = useState(false)
  const [removing, setRemoving] = useState<Member | null>(null)
  const [changing, setChanging] = useState<{ of: Member; role: Role } | null>(null)
  const invite = mayChange && (
    <Button look="primary" icon={<Plus size={16} aria-hidden />} onClick={() => setInviting(true)}>
      Invite someone
    </Button>
  )
  return (
    <Page title="Members" description="Owners and admins manage keys and people; members read." actions={invite}>
      {isInviting && <InviteMember organization={organization} onClose={() => setInviting(false)} />}
      {changing && <ChangeRole {...changing} onClose={() => setChanging(null)} />}
      {removing && <RemoveMember of={removing} onClose={() => setRemoving(null)} />}
      <div className="space-y-5">
        <Card>
          {members.error && (
            <div className="p-5">
              <ErrorNotice error={members.error} onRetry={() => members.refetch()} />
            </div>
          )}
          {members.isPending && <Loading label="Loading the members" />}
          {members.data?.members.length === 0 && (
            <Empty icon={<Users size={20} aria-hidden />} title="Nobody yet" action={invite}>
              Invite the person who owns this {noun}. The link works once, for that address alone.
            </Empty>
          )}
          {members.data && members.data.members.length > 0 && (
            <Table
              label="Members"
              columns={['Name', extra('E-mail'), 'Role', extra('Since'), ...(mayChange ? ['(Actions)'] : [])]}
            >
              {members.data.members.map((member) => (
                <Row key={member.user}>
                  <NameCell className="max-w-33 sm:max-w-56 sm:min-w-28">
                    <span className="flex font-medium">
                      <Foreign>{member.name ?? 'An account that is gone'}</Foreign>
                    </span>
                    <Under>
                      <Foreign>{shownAddress(member.email)}</Foreign>
                    </Under>
                  </NameCell>
                  <Cell isExtra className="max-w-64">
                    <span className="flex">
                      <Foreign>{shownAddress(member.email)}</Foreign>
                    </span>
                  </Cell>
                  <Cell>
                    {governs(own, member.role) ? (
                      <Select
                        aria-label={`Role of ${visible(member.name ?? member.user)}`}
                        className="w-28"
                        value={member.role}
                        onChange={(event) => setChanging({ of: member, role: event.target.value as Role })}
                      >
                        {rolesGivenBy(own).map(({ value, label }) => (
                          <option key={value} value={value}>
                            {label}
                          </option>
                        ))}
                      </Select>
                    ) : (
                      <Badge>{capitalized(member.role)}</Badge>
                    )}
                  </Cell>
                  <Cell isExtra className="whitespace-nowrap text-muted">
                    <When time={member.createdAt} />
                  </Cell>
                  {mayChange && (
                    <Cell className="w-px text-right">
                      {governs(own, member.role) && (
                        <IconButton
                          label={member.user === viewer?.id ? 'Leave' : `Remove ${visible(member.name ?? member.user)}`}
                          onClick={() => setRemoving(member)}
                        >
                          <UserMinus size={16} aria-hidden />
                        </IconButton>
                      )}
                    </Cell>
                  )}
                </Row>
              ))}
            </Table>
          )}
          {members.data?.isAll === false && <NotAll noun="member" />}
        </Card>
        <Invitations organization={organization} />
      </div>
    </Page>
  )
}
