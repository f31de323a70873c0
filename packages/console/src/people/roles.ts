import type { Role } from '@keywright/client'

/** The least first. */
const roles = [
  { value: 'member', label: 'Member', hint: 'Reads keys, usage and the audit log.' },
  { value: 'admin', label: 'Admin', hint: 'Also creates, rotates and revokes keys, and invites people.' },
  { value: 'owner', label: 'Owner', hint: 'Also makes and removes owners.' },
] as const

/** The roles that somebody with this one gives. */
export function rolesGivenBy(own: Role | undefined): readonly (typeof roles)[number][] {
  return roles.filter(({ value }) => value !== 'owner' || own === 'owner')
}
