import { type Contract, parseContract } from '@keywright/core'

/** Holocron: the key alone says which project it acts on. */
export const holocron: Contract = parseContract({
  name: 'holocron',
  title: 'Holocron',
  credential: { sources: [{ header: 'Authorization', scheme: 'Bearer' }] },
  key: {
    // What lists of keys show as `prefix`.
    publicId: { length: 8, separator: '' },
    random: { alphabet: 'base62', length: 35 },
    checksum: true,
    forms: [{ prefix: 'holo_', environment: 'live', kind: 'secret' }],
  },
  boundTo: 'project',
  routes: [{ path: '/health', methods: ['GET'], access: 'anonymous' }],
  rotation: { maxGraceSeconds: 30 * 86_400, announce: false },
  limitHeaders: {
    limit: 'X-RateLimit-Limit',
    remaining: 'X-RateLimit-Remaining',
    reset: 'X-RateLimit-Reset',
    resetAs: 'unixSeconds',
  },
  body: { json: { error: '{code}', message: '{message}' } },
  refusals: {
    missing_credential: {
      status: 401,
      values: {
        code: 'unauthorized',
        message: "No API key was sent. Send it as 'Authorization: Bearer holo_…'.",
      },
    },
    repeated_credential: 'invalid_credential',
    invalid_credential: {
      status: 401,
      values: { code: 'unauthorized', message: 'This API key is not valid. Create one with `keys create`.' },
    },
    organization_suspended: 'invalid_credential',
    organization_unpaid: 'invalid_credential',
    forbidden: {
      status: 403,
      values: { code: 'forbidden', message: 'This API key cannot do that: it only acts on its own project.' },
    },
    namespace_forbidden: 'forbidden',
    rate_limited: {
      status: 429,
      values: { code: 'rate_limited', message: 'Too many requests. Try again in {retryAfter}s.' },
    },
    quota_exceeded: {
      status: 429,
      values: { code: 'rate_limited', message: "This month's quota is used up." },
    },
    invalid_request: { values: { code: 'invalid_request', message: 'The request is malformed.' } },
    not_found: { values: { code: 'not_found', message: 'There is nothing here.' } },
    conflict: { values: { message: 'This exists already.' } },
    payload_too_large: { values: { message: 'The request body is too large.' } },
    internal_error: { values: { message: 'Something went wrong. Try again.' } },
    upstream_unreachable: { values: { message: 'Holocron cannot be reached. Try again soon.' } },
    unavailable: { values: { message: 'Holocron is not available right now. Try again soon.' } },
    upstream_timeout: { values: { message: 'Holocron took too long to answer. Try again.' } },
  },
  docs: {
    variable: 'HOLOCRON_KEY',
    organization: 'organization',
    example: { method: 'GET', path: '/api/v0/projects' },
  },
})
