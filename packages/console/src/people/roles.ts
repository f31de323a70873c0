/** The least first. */
export const roles = [
  { value: 'member', label: 'Member', hint: 'Reads keys, usage and the audit log.' },
  { value: 'admin', label: 'Admin', hint: 'Also creates, rotates and revokes keys, and invites people.' },
  { value: 'owner', label: 'Owner', hint: 'Also makes and removes owners.' },
] as const
