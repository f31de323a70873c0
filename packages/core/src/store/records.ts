import type { Role } from '../contract/contract.ts'

/** The customer account that keys belong to. */
export interface OrganizationRecord {
  /** A chosen slug, `[a-z0-9][a-z0-9_-]{0,62}`, or `org_` and 26 characters. */
  id: string
  name: string
  /** One of the contract's plans; null where it has none. */
  plan: string | null
  /** What its keys may reach, where the contract has namespaces. */
  namespaces: readonly string[] | null
  /** Requests in a calendar month (UTC); null: as the plan says. */
  monthlyQuota: number | null
  /** `unpaid` and `suspended` refuse all its keys, each with its own row of the refusal table. */
  state: 'active' | 'suspended' | 'unpaid'
  createdAt: Date
}

/** An optional subdivision of an organization that keys may be bound to. */
export interface ProjectRecord {
  id: string
  organization: string
  name: string
  createdAt: Date
}

/** A person's place in an organization. */
export interface MemberRecord {
  organization: string
  user: string
  role: Role
  createdAt: Date
}

/** A machine's credential for the control side. A type of its own: never an API key, nor the reverse. */
export interface ServiceKeyRecord {
  /** `svc_` and 26 characters. */
  id: string
  name: string
  /** 64 hexadecimal characters. */
  digest: string
  hint: string
  permissions: readonly ServicePermission[]
  /** null: every organization of the instance. */
  organization: string | null
  createdAt: Date
  revokedAt: Date | null
}

/** A person who runs the instance; not the same as an organization's owner. */
export interface OperatorRecord {
  user: string
  createdAt: Date
}

/** A person's credential for the command line. A type of its own, like a service key. */
export interface CliTokenRecord {
  /** `clt_` and 26 characters. */
  id: string
  user: string
  /** Of the machine it was made for. */
  name: string
  /** 64 hexadecimal characters. */
  digest: string
  hint: string
  createdAt: Date
  expiresAt: Date
  revokedAt: Date | null
  /** To the minute. */
  lastUsedAt: Date | null
}

/** A place that is kept for whoever has the link. */
export interface InvitationRecord {
  /** `inv_` and 26 characters. */
  id: string
  /** null: the place of an operator. */
  organization: string | null
  role: Role | 'operator'
  /** The only address that may take it, in lower case; null: the first who has the link, as at the very first start. */
  email: string | null
  /** 64 hexadecimal characters. */
  digest: string
  /** Id of the person who invites; null for a machine. */
  createdBy: string | null
  createdAt: Date
  expiresAt: Date
  acceptedAt: Date | null
  revokedAt: Date | null
}

export type ServicePermission = '*' | 'manage' | 'verify' | 'metrics'
