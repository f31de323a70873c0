import type { Contract, Organization, Role } from '@keywright/client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { viewerQuery } from '../api/queries.ts'
import { Mono } from '../parts/text.tsx'
import { withArticle } from '../shell/words.ts'

/** Where a key can do what its maker can: what that is for who makes it now. */
export function MakersReach({ contract, organization }: { contract: Contract; organization: Organization }) {
  const { data: viewer } = useSuspenseQuery(viewerQuery)
  const role = viewer?.roles[organization.id]
  return (
    <div>
      <p className="mb-1.5 font-medium">Permissions</p>
      <p className="text-muted">
        {role === undefined ? (
          `The key can do everything in this ${contract.docs.organization}: you are no member of it, so no role of yours limits it.`
        ) : (
          <>
            The key can do what you can do as {withArticle(role)}: <RolePermissions contract={contract} role={role} />.
            When your role changes, the key changes with it; when you leave, it is refused.
          </>
        )}
      </p>
    </div>
  )
}

export function RolePermissions({ contract, role }: { contract: Contract; role: Role }) {
  const permissions = contract.permissions.byMakersRole?.[role] ?? []
  if (permissions.includes('*')) return 'everything'
  return permissions.map((permission, i) => (
    <span key={permission}>
      {i > 0 && ', '}
      <Mono>{permission}</Mono>
    </span>
  ))
}
