import type { Contract, Role } from './contract.ts'

/** What a key of such a maker may do at most; null: everything. Nothing, where the contract does not know the role. */
export function permissionsOfRole({ permissions }: Contract, role: Role): readonly string[] | null {
  const { byMakersRole } = permissions
  if (!byMakersRole) return null
  return Object.hasOwn(byMakersRole, role) ? byMakersRole[role] : []
}
