/** Every answer that is not the upstream's. A contract without a row for one of them does not compile, nor parse. */
export const refusalNames = [
  'missing_credential',
  'repeated_credential',
  'invalid_credential',
  'organization_suspended',
  'organization_unpaid',
  'forbidden',
  'namespace_forbidden',
  'rate_limited',
  'quota_exceeded',
  'invalid_request',
  'not_found',
  'conflict',
  'payload_too_large',
  'internal_error',
  'upstream_unreachable',
  'unavailable',
  'upstream_timeout',
] as const

export type RefusalName = (typeof refusalNames)[number]

/**
 * Why an attempt was denied, for those who run the API. The closed set: log, metrics and tests range over it.
 * What the caller sees is only the row that `rowOf` names.
 */
export type DenialReason =
  | 'malformed_request'
  | 'missing_credential'
  | 'repeated_credential'
  | 'conflicting_credentials'
  | 'malformed_credential'
  | 'unknown_key'
  | 'revoked_key'
  | 'expired_key'
  | 'suspended_key'
  | 'retired_secret'
  | 'maker_left'
  | 'organization_suspended'
  | 'organization_unpaid'
  | 'unknown_route'
  | 'kind_not_accepted'
  | 'namespace_missing'
  | 'namespace_malformed'
  | 'namespace_not_permitted'
  | 'permission_missing'
  | 'route_without_rule'
  | 'address_not_allowed'
  | 'rate_limited'
  | 'quota_exceeded'

/** One row for all that may be wrong with a key, so that no contract can tell an unknown key from a revoked one. */
export const rowOf = {
  malformed_request: 'invalid_request',
  missing_credential: 'missing_credential',
  repeated_credential: 'repeated_credential',
  conflicting_credentials: 'repeated_credential',
  malformed_credential: 'invalid_credential',
  unknown_key: 'invalid_credential',
  revoked_key: 'invalid_credential',
  expired_key: 'invalid_credential',
  suspended_key: 'invalid_credential',
  retired_secret: 'invalid_credential',
  maker_left: 'invalid_credential',
  organization_suspended: 'organization_suspended',
  organization_unpaid: 'organization_unpaid',
  unknown_route: 'not_found',
  kind_not_accepted: 'forbidden',
  namespace_missing: 'forbidden',
  namespace_malformed: 'invalid_request',
  namespace_not_permitted: 'namespace_forbidden',
  permission_missing: 'forbidden',
  route_without_rule: 'forbidden',
  address_not_allowed: 'forbidden',
  rate_limited: 'rate_limited',
  quota_exceeded: 'quota_exceeded',
} as const satisfies Record<DenialReason, RefusalName>

/**
 * A body with placeholders. In JSON, a string that is one placeholder alone takes the value's own type
 * (`"{retryAfter}"` becomes a number); `xml` escapes what it fills in.
 */
export type Body =
  | { json: JsonTemplate }
  | { problem: { [member: string]: JsonTemplate } }
  | { xml: string }
  | { text: string }

export type JsonTemplate =
  | string
  | number
  | boolean
  | null
  | readonly JsonTemplate[]
  | { readonly [member: string]: JsonTemplate }

/**
 * One row of the table. `values` fill the contract's body (`{message}`, `{code}`), and may themselves hold
 * `{requestId}`, `{retryAfter}` (seconds), `{limit}`, `{window}` ("minute"), `{namespace}`, `{organization}`,
 * `{permission}`, `{status}`, `{title}` (the status in words). What is not known is an empty string, in JSON `null`
 * where it stands alone.
 */
export interface RefusalRow {
  status: number
  values?: Readonly<Record<string, string>>
  /** Beside the automatic ones (`render.ts`), or instead; an empty value leaves an automatic one out. */
  headers?: Readonly<Record<string, string>>
  /** Instead of the contract's. */
  body?: Body
}

/** What a caller is answered. */
export interface Refusal {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What the placeholders may say. Only what the caller sent or already knows. */
export interface RefusalFacts {
  requestId: string
  /** Whole seconds, at least 1. */
  retryAfter?: number
  limit?: number
  windowSeconds?: number
  namespace?: string
  organization?: string
  permission?: string
  /** Instead of the row's, where no row has it: 405, 408, 431. */
  status?: number
  /** Instead of the row's `{message}`: a sentence about this one request, taken as it is. */
  message?: string
}
