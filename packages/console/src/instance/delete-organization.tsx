import type { Organization } from '@keywright/client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { keywright } from '../api/keywright.ts'
import { contractQuery } from '../api/queries.ts'
import { DeleteDialog } from '../deletion/delete-dialog.tsx'
import { counted } from '../shell/words.ts'

export function DeleteOrganization({ of: organization, onClose }: { of: Organization; onClose: () => void }) {
  const { data: contract } = useSuspenseQuery(contractQuery)
  return (
    <DeleteDialog
      noun={contract.docs.organization}
      of={organization}
      remove={(options) => keywright.organizations.delete(organization.id, options)}
      goes={({ members, projects }) => [
        counted(members, 'membership'),
        ...(contract.boundTo === 'project' ? [counted(projects, 'project')] : []),
      ]}
      stays="Its audit log stays, and so its id is never given to another."
      onClose={onClose}
    />
  )
}
