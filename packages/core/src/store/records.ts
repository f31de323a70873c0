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

export type Role = 'owner' | 'admin' | 'member'

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

export type ServicePermission = '*' | 'manage' | 'verify' | 'metrics'
