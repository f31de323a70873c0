import type { Invitation, Role } from '@keywright/client'

/** The least first. */
const roles = [
  { value: 'member', label: 'Member', hint: 'Reads keys, usage and the audit log.' },
  { value: 'admin', label: 'Admin', hint: 'Also creates, rotates and revokes keys, and invites people.' },
  { value: 'owner', label: 'Owner', hint: 'Also makes and removes owners.' },
] as const

/** Whether who has the one role gives and takes the other. */
export function governs(own: Role | undefined, role: Invitation['role']): boolean {
  return own === 'owner' || (own === 'admin' && role !== 'owner')
}

export function rolesGivenBy(own: Role | undefined): readonly (typeof roles)[number][] {
  return roles.filter(({ value }) => governs(own, value))
}
