import type { Key } from '@keywright/client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { contractQuery, membersQuery, projectsQuery } from '../api/queries.ts'
import { Foreign, Mono } from '../parts/text.tsx'
import { withArticle } from '../shell/words.ts'
import { RolePermissions } from './makers-reach.tsx'

export function Maker({ of: { createdBy, organization } }: { of: Pick<Key, 'createdBy' | 'organization'> }) {
  const { data } = useQuery(membersQuery(organization))
  if (createdBy === null) return 'The operator, or a program with a service key'
  const member = data?.members.find(({ user }) => user === createdBy)
  if (data?.isAll && !member) return 'Someone outside'
  return <Foreign className="whitespace-normal">{member?.name ?? member?.email ?? '…'}</Foreign>
}

/** What the key can do now, which is what its maker can. */
export function MakersPermissions({ of: { createdBy, organization } }: { of: Key }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  const { data } = useQuery(membersQuery(organization))
  if (createdBy === null) return 'Everything: it was made by no member, whose role would limit it'
  if (!data) return '…'
  const role = data.members.find(({ user }) => user === createdBy)?.role
  if (role === undefined) return data.isAll ? 'As its maker, who has no role here' : 'As its maker'
  return (
    <>
      As its maker, who is {withArticle(role)} now: <RolePermissions contract={contract} role={role} />
    </>
  )
}

export function ProjectName({ of: { organization, project } }: { of: Key }) {
  const { data } = useQuery(projectsQuery(organization))
  if (project === null) return null
  const name = data?.projects.find(({ id }) => id === project)?.name
  return (
    <Link
      to="/$organization/projects/$project"
      params={{ organization, project }}
      className="inline-flex max-w-full underline underline-offset-4"
    >
      {name === undefined ? <Mono>{project}</Mono> : <Foreign>{name}</Foreign>}
    </Link>
  )
}
