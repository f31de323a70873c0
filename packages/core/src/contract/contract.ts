import type { KeyRule } from '../key/format.ts'
import type { Limit } from '../key/record.ts'
import type { Body, RefusalName, RefusalRow } from './refusal.ts'

export type { KeyForm, KeyRule, Random } from '../key/format.ts'

/** How one API does API keys. Data alone: `parseContract` reads it from JSON, YAML or TypeScript. */
export interface Contract {
  /** `[a-z][a-z0-9-]*`; the realm of every challenge. */
  name: string
  /** What people call the API: `HopX`. */
  title: string
  credential: CredentialRule
  key: KeyRule
  /** What a key acts in: the whole organization, or exactly one project of it. */
  boundTo: 'organization' | 'project'
  /** While an organization has an active key it gets no other: that one is rotated instead. */
  oneKeyPerOrganization: boolean
  permissions: PermissionRule
  namespaces: NamespaceRule | null
  /** The first that matches a request decides. */
  routes: readonly Route[]
  /** A request no route matches: any key that is not limited to a list may (`key`), or nobody (`not_found`). */
  otherRoutes: 'key' | 'not_found'
  /** CORS preflights (`OPTIONS` with `Origin` and `Access-Control-Request-Method`): refused like any other request, or passed on without a credential. */
  preflight: 'refuse' | 'forward'
  rotation: RotationRule
  /** What a key without limits of its own is limited to. Empty beside plans. */
  limits: readonly Limit[]
  /** By name; the first is the default. */
  plans: Readonly<Record<string, Plan>>
  limitHeaders: LimitHeaders
  /** Headers the upstream gets beside the standard ones; values may hold `{organization}`, `{project}`, `{key}`, `{user}`. */
  identityHeaders: Readonly<Record<string, string>>
  /** The shape of every refusal; strings may hold placeholders (`refusal.ts`) and the row's own `values`. */
  body: Body
  refusals: Readonly<Record<RefusalName, RefusalRow>>
  docs: DocsVocabulary
}

export interface CredentialRule {
  /** Where a caller may put the credential, the preferred first. */
  sources: readonly Source[]
  /**
   * A request with a credential in several of them: the first listed counts alone, even when it is wrong (`first`);
   * accepted only where they are the same (`equal`); refused (`refuse`). Never "the next one after a failed check".
   */
  whenSeveral: 'first' | 'equal' | 'refuse'
}

export type Source =
  /** The whole value of the header; with a `scheme`, what follows that word and one or more spaces (RFC 9110 §11.1). */
  | { header: string; scheme?: string }
  /** `Authorization: Basic`: the key is the user name (as with Stripe) or the password (RFC 7617). */
  | { basic: 'user' | 'password' }
  /** A public id and a secret in two headers; `key.publicId` says how they join into the credential. */
  | { idHeader: string; secretHeader: string }
  /** Addresses are kept by browsers, proxies and logs, and so will every key sent this way. */
  | { query: string; keysEndUpInLogs: true }

/** A person's place in an organization. */
export type Role = 'owner' | 'admin' | 'member'

export interface PermissionRule {
  /** What may be chosen when a key is made, with what it is for. Empty: any permission may. */
  offered: Readonly<Record<string, string>>
  /** A key has at most its maker's present permissions, by role. null: who made it does not matter. */
  byMakersRole: Readonly<Record<Role, readonly string[]>> | null
}

export interface NamespaceRule {
  /** What a new organization's keys reach. */
  default: readonly string[]
  /** Where a path below `under` names none, the member of the JSON body that does; null: only paths name namespaces. */
  body: { under: string; member: string; whenAbsent: string; maxBytes: number } | null
}

export interface Route {
  /** Whole segments: `/v1/get/{namespace}/{key}`; a last `**` is the path itself and everything below. */
  path: string
  /** Upper case; absent: all. `HEAD` goes with `GET`. */
  methods?: readonly string[]
  /** What a key needs; may hold names captured by the path: `{resource}:read`. `read` is for GET and HEAD. */
  permission?: string | { read: string; write: string }
  /** Kinds of key it takes; absent: every kind but `publishable`. */
  kinds?: readonly string[]
  /** `anonymous`: no credential is asked for, and none is looked at unless the attempt needs permissions of its own. */
  access?: 'key' | 'anonymous'
  /** Absent: where the contract has namespaces, the request names one. `none`: it need not. */
  namespace?: 'none'
  /** For anonymous routes, per address. */
  limits?: readonly Limit[]
}

export interface RotationRule {
  /** The longest that an old secret may go on working; 0: it ends at once. */
  maxGraceSeconds: number
  /** Tell callers of an old secret: `Api-Key-Status: rotating` and `Api-Key-Expires: <HTTP-date>`. */
  announce: boolean
}

export interface Plan {
  limits: readonly Limit[]
  /** Requests in a calendar month (UTC); null: unlimited. */
  monthlyQuota: number | null
}

export type LimitHeaders =
  | 'none'
  /** `RateLimit` and `RateLimit-Policy`, draft-ietf-httpapi-ratelimit-headers-11: every limit. */
  | 'ietf'
  /** Three headers an API already uses, for the limit closest to its end. */
  | {
      limit: string
      remaining: string
      reset: string
      resetAs: 'unixSeconds' | 'secondsLeft' | 'unixMilliseconds' | 'rfc3339'
    }

export interface DocsVocabulary {
  /** The variable its clients read the key from: `HOPX_API_KEY`. */
  variable: string
  /** What it calls an organization: `tenant`. */
  organization: string
  /** A request that shows the key in use: `GET /v1/sandboxes`. */
  example: { method: string; path: string }
}
