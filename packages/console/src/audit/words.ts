import type { AuditEvent, Contract } from '@keywright/client'

/** Every action that there is, in the words of somebody who tells of it. */
const actions: Readonly<Record<string, string>> = {
  'key.created': 'created an API key',
  'key.rotated': 'rotated an API key',
  'key.revoked': 'revoked an API key',
  'key.deleted': 'deleted an API key',
  'key.updated': 'changed an API key',
  'key.suspended': 'suspended an API key',
  'key.resumed': 'resumed an API key',
  'key.imported': 'imported an API key',
  'key.grace_changed': 'changed the end of an old secret',
  'organization.created': 'created the organization',
  'member.updated': 'changed the role of someone',
  'organization.updated': 'changed the organization',
  'organization.deleted': 'deleted the organization',
  'project.created': 'created a project',
  'project.deleted': 'deleted a project',
  'member.added': 'gave someone a role',
  'member.removed': 'removed a member',
  'invitation.created': 'invited someone',
  'invitation.accepted': 'accepted an invitation',
  'invitation.revoked': 'withdrew an invitation',
  'service_key.created': 'created a service key',
  'service_key.revoked': 'revoked a service key',
  'service_key.reported': 'reported the service key of the settings as leaked',
  'cli_token.created': 'logged in a device',
  'cli_token.revoked': 'logged out a device',
  'operator.added': 'made an operator',
  'operator.removed': 'removed an operator',
  'person.password_link_created': 'made a link to set a password',
  'person.password_reset': 'set a new password',
  'person.second_factor_enabled': 'turned on a second factor',
  'person.second_factor_disabled': 'turned off a second factor',
  'person.recovery_codes_renewed': 'made new recovery codes',
  'person.passkey_added': 'added a passkey',
  'person.passkey_removed': 'removed a passkey',
  'person.provider_linked': 'linked a sign-in elsewhere',
  'person.provider_unlinked': 'unlinked a sign-in elsewhere',
  'person.disabled': 'disabled an account',
  'person.enabled': 'enabled an account',
  'person.removed': 'removed an account',
  'audit.pruned': 'deleted entries past their time',
}

/** Those that there can be with this contract. */
export function actionsOf({ boundTo }: Pick<Contract, 'boundTo'>): string[] {
  return Object.keys(actions).filter((action) => boundTo === 'project' || !action.startsWith('project.'))
}

/** `created an API key`; `noun` is what the contract calls an organization. */
export function actionInWords(action: string, noun: string): string {
  return (actions[action] ?? action).replace('organization', noun)
}

export const triggers = { ui: 'Console', cli: 'Command line', api: 'API' } as const

const machines: Readonly<Record<string, string>> = {
  configured: "The instance's own service key",
  demo: 'npm start',
  'leak-report': 'A leak report',
  retention: 'The retention',
  start: 'The start',
  stripe: 'Stripe',
}

/** Of whom the members do not tell a name: what has none of its own is called what it is. */
export function actorInWords({ type, id }: Pick<AuditEvent['actor'], 'type' | 'id'>): string {
  return type === 'user' ? id : (machines[id] ?? id)
}
