import { type Contract, parseContract } from '@keywright/core'

const withRetry = { error: '{message}', code: '{code}', request_id: '{requestId}', retry_after: '{retryAfter}' }

/** HopX: two headers that are equally good, a public id in every key, permissions by route. */
export const hopx: Contract = parseContract({
  name: 'hopx',
  title: 'HopX',
  credential: {
    sources: [{ header: 'Authorization', scheme: 'Bearer' }, { header: 'X-API-Key' }],
    whenSeveral: 'equal',
  },
  key: {
    publicId: { length: 12, separator: '.' },
    random: { bytes: 32 },
    checksum: false,
    forms: [{ prefix: 'hopx_live_', environment: 'live', kind: 'secret' }],
  },
  permissions: {
    offered: {
      'sandboxes:read': 'List and inspect sandboxes',
      'sandboxes:write': 'Create, change and delete sandboxes',
      'templates:read': 'List and inspect templates',
      'templates:write': 'Build, change and delete templates',
    },
  },
  routes: [
    { path: '/health', methods: ['GET'], access: 'anonymous' },
    { path: '/v1/sandboxes/**', permission: { read: 'sandboxes:read', write: 'sandboxes:write' } },
    { path: '/v1/templates/**', permission: { read: 'templates:read', write: 'templates:write' } },
  ],
  rotation: { maxGraceSeconds: 30 * 86_400, announce: false },
  limits: [{ requests: 100, windowSeconds: 60, per: 'key', kind: 'window' }],
  limitHeaders: {
    limit: 'X-RateLimit-Limit',
    remaining: 'X-RateLimit-Remaining',
    reset: 'X-RateLimit-Reset',
    resetAs: 'unixSeconds',
  },
  body: { json: { error: '{message}', code: '{code}', request_id: '{requestId}' } },
  refusals: {
    missing_credential: { status: 401, values: { message: 'Unauthorized', code: 'AUTHENTICATION_REQUIRED' } },
    repeated_credential: 'missing_credential',
    invalid_credential: 'missing_credential',
    organization_suspended: 'missing_credential',
    organization_unpaid: 'missing_credential',
    forbidden: { status: 403, values: { message: 'Forbidden', code: 'INSUFFICIENT_PERMISSIONS' } },
    namespace_forbidden: 'forbidden',
    rate_limited: {
      status: 429,
      body: { json: withRetry },
      values: { message: 'Rate limit exceeded: {limit} requests per {window}', code: 'RATE_LIMIT_EXCEEDED' },
    },
    quota_exceeded: {
      status: 429,
      body: { json: withRetry },
      values: { message: 'Monthly quota exceeded', code: 'RATE_LIMIT_EXCEEDED' },
    },
    invalid_request: { values: { message: 'Invalid request', code: 'INVALID_REQUEST' } },
    not_found: { values: { message: 'Not found', code: 'NOT_FOUND' } },
    conflict: { values: { message: 'Conflict', code: 'CONFLICT' } },
    payload_too_large: { values: { message: 'Payload too large', code: 'PAYLOAD_TOO_LARGE' } },
    internal_error: { values: { message: 'Internal error', code: 'INTERNAL_ERROR' } },
    upstream_unreachable: { values: { message: 'Upstream unavailable', code: 'UPSTREAM_UNAVAILABLE' } },
    unavailable: { values: { message: 'Service unavailable', code: 'SERVICE_UNAVAILABLE' } },
    upstream_timeout: { values: { message: 'Upstream timed out', code: 'UPSTREAM_TIMEOUT' } },
  },
  docs: {
    variable: 'HOPX_API_KEY',
    organization: 'organization',
    example: { method: 'GET', path: '/v1/sandboxes' },
  },
})
