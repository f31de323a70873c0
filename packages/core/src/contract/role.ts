import type { Contract, Role } from './contract.ts'

/** What a key of such a maker may do at most; null: everything. Nothing, where the contract does not know the role. */
export function permissionsOfRole({ permissions }: Contract, role: Role): readonly string[] | null {
  const { byMakersRole } = permissions
  if (!byMakersRole) return null
  const held = Object.hasOwn(byMakersRole, role) ? byMakersRole[role] : []
  // A list of everything is a list, and no key with one goes where no route is ruled.
  return held.includes('*') ? null : held
}
