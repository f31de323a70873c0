import { type Contract, parseContract } from '@keywright/core'

const everything = ['*']

/** Handinger: a key can do what the person who made it can do now, and its successor has a day to take over. */
export const handinger: Contract = parseContract({
  name: 'handinger',
  title: 'Handinger',
  credential: { sources: [{ header: 'Authorization', scheme: 'Bearer' }] },
  key: {
    random: { alphabet: 'base62', length: 43 },
    checksum: true,
    forms: [{ prefix: 'hdg_live_', environment: 'live', kind: 'secret' }],
  },
  permissions: {
    offered: {
      'workers:read': 'List and inspect workers',
      'workers:write': 'Create, change and delete workers',
      'tasks:read': 'List and inspect tasks',
      'tasks:write': 'Create, change and cancel tasks',
    },
    byMakersRole: { owner: everything, admin: everything, member: ['workers:read', 'tasks:read', 'tasks:write'] },
  },
  routes: [
    { path: '/health', methods: ['GET'], access: 'anonymous' },
    { path: '/api/{resource}/**', permission: { read: '{resource}:read', write: '{resource}:write' } },
  ],
  rotation: { maxGraceSeconds: 86_400, announce: true },
  limitHeaders: {
    limit: 'X-RateLimit-Limit',
    remaining: 'X-RateLimit-Remaining',
    reset: 'X-RateLimit-Reset',
    resetAs: 'unixSeconds',
  },
  body: { json: { error: '{message}' } },
  refusals: {
    missing_credential: {
      status: 401,
      values: { message: "The API key is missing. Send it as 'Authorization: Bearer <key>'." },
    },
    repeated_credential: 'invalid_credential',
    invalid_credential: { status: 401, values: { message: 'The API key is malformed, unknown or revoked.' } },
    organization_suspended: 'invalid_credential',
    organization_unpaid: 'invalid_credential',
    forbidden: {
      status: 403,
      values: { message: 'The API key does not have access to the worker, task or organization being addressed.' },
    },
    namespace_forbidden: 'forbidden',
    rate_limited: { status: 429, values: { message: 'Rate limit exceeded. Retry after {retryAfter} seconds.' } },
    quota_exceeded: { status: 429, values: { message: "This month's quota is used up." } },
    invalid_request: { values: { message: 'The request is malformed.' } },
    not_found: { values: { message: 'Not found.' } },
    conflict: { values: { message: 'This exists already.' } },
    payload_too_large: { values: { message: 'The request body is too large.' } },
    internal_error: { values: { message: 'Something went wrong. Please try again.' } },
    upstream_unreachable: { values: { message: 'Handinger cannot be reached. Please try again.' } },
    unavailable: { values: { message: 'Temporarily unavailable. Please try again.' } },
    upstream_timeout: { values: { message: 'Handinger took too long to answer. Please try again.' } },
  },
  docs: {
    variable: 'HANDINGER_API_KEY',
    organization: 'organization',
    example: { method: 'GET', path: '/api/workers' },
  },
})
