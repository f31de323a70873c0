import type { Head } from '../audit/chain.ts'
import type { Change, ChangeEvent, ChangeNotice, TriggeredBy } from '../audit/event.ts'
import type { Digester } from '../key/digest.ts'
import type { KeyRecord, KeyState } from '../key/record.ts'
import type { KeyOrder } from './key-order.ts'
import type {
  CliTokenRecord,
  InvitationRecord,
  MemberRecord,
  OperatorRecord,
  OrganizationRecord,
  ProjectRecord,
  ServiceKeyRecord,
} from './records.ts'

/** A key as verification needs it: with the account it belongs to and its maker's present place in it. */
export interface FoundKey {
  key: KeyRecord
  organization: OrganizationRecord
  /** null: no member made the key, or its maker has left the organization (then `key.createdBy` is set). */
  maker: MemberRecord | null
  /** Number of the last change this answer contains. A cache must not keep an answer older than what it has applied. */
  readAt: number
  /** Hash of that change: where a store has lost changes, others may come to have their numbers. */
  readHash: string
}

/** Where verification finds keys. Answers at once where it can (SQLite, memory), with a promise where it must wait. */
export interface KeySource {
  /**
   * By digest, deleted and revoked keys included. Throws where truth cannot be reached; never answers "unknown" then. An
   * error with the code `remote_peppers` is about this digest alone: the credential may be a key under another pepper.
   */
  find(digest: string): FoundKey | undefined | Promise<FoundKey | undefined>
  /** By id, for those who follow the change log. */
  found(id: string): Promise<FoundKey | undefined>
  /** What it is asked by; the verifier's own unless given. */
  digester?: Digester
  /** For a source that is far away and tells of changes itself. Absent: whoever changes keys calls `verifier.apply`. */
  follow?(follower: ChangeFollower): Freshness
}

/** Who has to know of changes; a verifier. */
export interface ChangeFollower {
  /** Once it resolves, nothing these changes took away is allowed any more. */
  apply(changes: readonly ChangeNotice[]): Promise<void>
  /** Forgets all that it knows. */
  reset(): void
}

export interface Freshness {
  /** Throws where changes have not been heard of for too long; a promise where they are just being asked for. */
  check(): void | Promise<void>
}

export interface Page<T> {
  items: T[]
  /** Pass as `after` to go on; null at the end. */
  next: string | null
}

export interface KeyFilter {
  organization?: string
  project?: string
  /** Its maker's id. */
  createdBy?: string
  state?: KeyState
  /** The instant `state` is asked for; required with it. */
  now?: Date
  /** In any state but that one: asked state by state, a key that changes from one to another may be in none of the answers. */
  isRevoked?: false
  /**
   * The beginning of an id (`key_…`); or with `organization`, in any case, a part of the name or of what people may see of
   * a secret; without, all that people may see of the newest secret. A page of a search may hold fewer than `limit`, or none,
   * and go on all the same.
   */
  q?: string
  /** `created` unless given. */
  order?: KeyOrder
  /** Greatest, latest or newest first. */
  descending?: boolean
  /** The `next` of the page before, in the same order. It names a position, so pages stay right while keys are added. */
  after?: string
  limit: number
}

/** Whose keys: those of them that are not revoked. */
export interface UnrevokedFilter extends Pick<KeyFilter, 'project' | 'createdBy'> {
  organization: string
}

/** Which changes to list. */
export interface AuditFilter {
  organization?: string | undefined
  /** What it happened to: the id of a key, for one. */
  target?: string | undefined
  /** Id of who did it. */
  actor?: string | undefined
  action?: string | undefined
  triggeredBy?: TriggeredBy | undefined
  /** Included. */
  since?: Date | undefined
  /** Not included. */
  until?: Date | undefined
  newestFirst: boolean
  /** The number of a change; the page starts with the next one in that direction. */
  from?: number | undefined
  limit: number
}

/** It may hold fewer than `limit`, or none, and go on all the same. */
export interface AuditPage {
  changes: Change[]
  /** Pass as `from` to go on; null at the end. */
  next: number | null
}

/**
 * Truth. Every method throws where the database cannot be reached, and never guesses.
 * Reads see what is committed; a transaction sees its own writes, and no one else does before it commits.
 */
export interface Store extends KeySource {
  key(id: string): Promise<KeyRecord | undefined>
  /** Without deleted keys. */
  keys(filter: KeyFilter): Promise<Page<KeyRecord>>
  /** How many keys a list of them with `isRevoked: false` has, however many these are. */
  countUnrevoked(filter: UnrevokedFilter): Promise<number>
  organization(id: string): Promise<OrganizationRecord | undefined>
  /** `q`: in any case, a part of the name or of the id. */
  organizations(page: { q?: string; after?: string; limit: number }): Promise<Page<OrganizationRecord>>
  project(id: string): Promise<ProjectRecord | undefined>
  projects(page: { organization?: string; after?: string; limit: number }): Promise<Page<ProjectRecord>>
  member(organization: string, user: string): Promise<MemberRecord | undefined>
  members(page: { organization?: string; user?: string; after?: string; limit: number }): Promise<Page<MemberRecord>>
  serviceKey(digest: string): Promise<ServiceKeyRecord | undefined>
  serviceKeys(page: { organization?: string; after?: string; limit: number }): Promise<Page<ServiceKeyRecord>>
  operator(user: string): Promise<OperatorRecord | undefined>
  operators(page: { after?: string; limit: number }): Promise<Page<OperatorRecord>>
  /** By digest. */
  cliToken(digest: string): Promise<CliTokenRecord | undefined>
  cliTokens(page: { user?: string; after?: string; limit: number }): Promise<Page<CliTokenRecord>>
  /** By digest. */
  invitation(digest: string): Promise<InvitationRecord | undefined>
  /** `organization: null` is those for operators. */
  invitations(page: { organization: string | null; after?: string; limit: number }): Promise<Page<InvitationRecord>>
  /** Changes after `number`, oldest first. */
  changes(after: number, limit: number): Promise<Change[]>
  audit(filter: AuditFilter): Promise<AuditPage>
  head(): Promise<Head>
  /** The last change that was pruned: the chain of those that are kept begins behind it. Number 0: none was. */
  checkpoint(): Promise<Head>
  /**
   * Runs `work`, then numbers, chains and stores the events it recorded, then commits: all or nothing.
   * Resolves after the commit is durable, with what `work` returned and the changes as numbered. Where an operation
   * fails nothing is committed, even if `work` catches its error. A transaction inside `work` is refused.
   */
  transact<T>(work: (transaction: Transaction) => Promise<T>): Promise<{ result: T; changes: Change[] }>
  close(): Promise<void>
}

/** What a change may do. Reads lock what they read, so that two changes of one key come one after the other. */
export interface Transaction {
  /**
   * Of transactions that take the same turn one runs at a time, to its end: for what locked rows do not guard, as rows that
   * others are about to add. What is read from then on is as the one before has left it.
   */
  takeTurn(name: string): Promise<void>
  key(id: string): Promise<KeyRecord | undefined>
  keys(filter: KeyFilter): Promise<Page<KeyRecord>>
  organization(id: string): Promise<OrganizationRecord | undefined>
  project(id: string): Promise<ProjectRecord | undefined>
  member(organization: string, user: string): Promise<MemberRecord | undefined>
  members(page: { organization?: string; user?: string; after?: string; limit: number }): Promise<Page<MemberRecord>>
  serviceKey(id: string): Promise<ServiceKeyRecord | undefined>
  operators(page: { after?: string; limit: number }): Promise<Page<OperatorRecord>>
  cliToken(id: string): Promise<CliTokenRecord | undefined>
  cliTokens(page: { user?: string; after?: string; limit: number }): Promise<Page<CliTokenRecord>>
  invitation(id: string): Promise<InvitationRecord | undefined>
  /** Of one address, or those for whoever has the link: neither accepted nor revoked, and not over at that time. */
  openInvitations(of: { organization: string | null; email: string | null; at: Date }): Promise<InvitationRecord[]>
  /** Inserts or replaces the record and its versions. Throws `DuplicateError` where a digest is taken. */
  putKey(key: KeyRecord): Promise<void>
  /** Throws `DuplicateError` where the id was that of a deleted one. */
  putOrganization(organization: OrganizationRecord): Promise<void>
  /** With its projects, members, keys, service keys and invitations. Its id stays taken for ever. */
  deleteOrganization(id: string): Promise<void>
  putProject(project: ProjectRecord): Promise<void>
  /** With its keys. */
  deleteProject(id: string): Promise<void>
  putMember(member: MemberRecord): Promise<void>
  deleteMember(organization: string, user: string): Promise<void>
  putServiceKey(key: ServiceKeyRecord): Promise<void>
  putOperator(operator: OperatorRecord): Promise<void>
  deleteOperator(user: string): Promise<void>
  putCliToken(token: CliTokenRecord): Promise<void>
  putInvitation(invitation: InvitationRecord): Promise<void>
  /** All of one address, or those for whoever has the link. */
  deleteInvitations(of: { organization: string | null; email: string | null }): Promise<void>
  /** Deletes all changes up to this one, which becomes the checkpoint. Throws `DuplicateError` where that is done. */
  pruneChanges(through: number): Promise<void>
  /** Takes part in the same commit. A transaction that writes and records nothing is refused. */
  record(event: ChangeEvent): void
}

/** The id or digest is already taken, or the checkpoint is another. `field` says which. */
export class DuplicateError extends Error {
  readonly code = 'duplicate'
  readonly field: string
  constructor(field: string) {
    super(`This ${field} is already taken.`)
    this.name = 'DuplicateError'
    this.field = field
  }
}
