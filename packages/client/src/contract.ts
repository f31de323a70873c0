import type { Limit } from './keys.ts'

/** Where a caller may put the key: the whole value of a header, what follows a scheme in it, … */
export type CredentialSource = Readonly<Record<string, string | boolean>>

/** How the instance does API keys, as far as those who manage keys need it. */
export interface Contract {
  name: string
  /** What people call the API. */
  title: string
  /** Where the API itself is reached. */
  edge: string
  credential: {
    /** The preferred first. */
    sources: CredentialSource[]
    whenSeveral: 'first' | 'equal' | 'refuse'
  }
  /** What can be issued: one for each environment and kind. */
  forms: {
    prefix: string
    environment: string
    kind: string
    publicId: { length: number; separator: string } | null
  }[]
  boundTo: 'organization' | 'project'
  oneKeyPerOrganization: boolean
  permissions: {
    /** Each with what it is for. */
    offered: Record<string, string>
    byMakersRole: Record<'owner' | 'admin' | 'member', string[]> | null
  }
  namespaces: { default: string[] } | null
  routes: {
    path: string
    methods: string[] | null
    permission: string | { read: string; write: string } | null
  }[]
  /** Every node refuses a revoked key within this time; 0: there is one node, which does so at once. */
  revocation: { withinSeconds: number }
  rotation: { maxGraceSeconds: number; announce: boolean }
  limits: AgreedLimit[]
  /** By name; the first is the default. */
  plans: Record<string, { limits: AgreedLimit[]; monthlyQuota: number | null }>
  docs: {
    /** The variable its clients read the key from. */
    variable: string
    /** What it calls an organization. */
    organization: string
    example: { method: string; path: string }
    /** The example for curl and in several languages; they read the key from the variable. */
    snippets: { label: string; code: string }[]
  }
}

export interface AgreedLimit extends Required<Omit<Limit, 'per'>> {
  per: 'key' | 'user' | 'project' | 'organization' | 'address'
}
