/** How the one who acted was authenticated, never what they claim: session, CLI token, or a key of any kind. */
export type TriggeredBy = 'ui' | 'cli' | 'api'

/** Who acted, from where. */
export interface Actor {
  /** `user`, `service_key`, `api_key`, or `system` for what Keywright does by itself. */
  type: 'user' | 'service_key' | 'api_key' | 'system'
  id: string
  triggeredBy: TriggeredBy
  /** Client address, null where there is none. */
  address: string | null
  requestId: string | null
}

export type Action =
  | 'organization.created'
  | 'organization.updated'
  | 'organization.deleted'
  | 'project.created'
  | 'project.deleted'
  | 'member.added'
  | 'member.updated'
  | 'member.removed'
  | 'key.created'
  | 'key.imported'
  | 'key.updated'
  | 'key.rotated'
  | 'key.grace_changed'
  | 'key.suspended'
  | 'key.resumed'
  | 'key.revoked'
  | 'key.deleted'
  | 'service_key.created'
  | 'service_key.revoked'
  | 'service_key.reported'
  | 'operator.added'
  | 'operator.removed'
  | 'cli_token.created'
  | 'cli_token.revoked'
  | 'invitation.created'
  | 'invitation.accepted'
  | 'invitation.revoked'
  | 'person.password_link_created'
  | 'person.password_reset'
  | 'person.second_factor_enabled'
  | 'person.second_factor_disabled'
  | 'person.recovery_codes_renewed'
  | 'person.passkey_added'
  | 'person.passkey_removed'
  | 'person.provider_linked'
  | 'person.provider_unlinked'
  | 'person.disabled'
  | 'person.enabled'
  | 'person.removed'
  | 'audit.pruned'

/** What happened, before the store numbers it. `details` holds plain JSON and never a credential or digest. */
export interface ChangeEvent {
  action: Action
  organization: string | null
  /** The key, project, organization, member (`<organization>/<user>`), service key, person, CLI token or invitation it happened to. */
  target: string
  actor: Actor
  at: Date
  details: Readonly<Record<string, unknown>>
}

/** As much of a change as those need who correct what they know of keys. */
export type ChangeNotice = Pick<Change, 'number' | 'action' | 'target'>

/** One numbered entry of the change log, which is the audit log: commit order, no gaps, each chained to the one before. */
export interface Change extends ChangeEvent {
  number: number
  /** SHA-256 over the previous entry's hash and this entry, 64 hexadecimal characters; see `chain.ts`. */
  hash: string
}
