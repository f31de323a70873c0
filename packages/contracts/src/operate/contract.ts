import { type Contract, parseContract } from '@keywright/core'

/** Operate: `x-api-key` and nothing else, and a missing key told apart from a wrong one. */
export const operate: Contract = parseContract({
  name: 'operate',
  title: 'Operate',
  credential: { sources: [{ header: 'x-api-key' }] },
  key: {
    random: { alphabet: 'base62', length: 43 },
    checksum: true,
    forms: [{ prefix: 'sk_live_', environment: 'live', kind: 'secret' }],
  },
  routes: [{ path: '/health', methods: ['GET'], access: 'anonymous' }],
  rotation: { maxGraceSeconds: 30 * 86_400, announce: false },
  limitHeaders: {
    limit: 'X-RateLimit-Limit',
    remaining: 'X-RateLimit-Remaining',
    reset: 'X-RateLimit-Reset',
    resetAs: 'unixSeconds',
  },
  body: { json: { success: false, error: { type: '{type}', message: '{message}' } } },
  refusals: {
    missing_credential: { status: 400, values: { type: 'authentication_error', message: 'Missing API Key' } },
    repeated_credential: 'invalid_credential',
    invalid_credential: { status: 401, values: { type: 'authentication_error', message: 'Invalid API Key' } },
    organization_suspended: 'invalid_credential',
    organization_unpaid: 'invalid_credential',
    forbidden: {
      status: 403,
      values: { type: 'authentication_error', message: 'API Key does not have access to this resource' },
    },
    namespace_forbidden: 'forbidden',
    rate_limited: { status: 429, values: { type: 'rate_limit_error', message: 'Rate limit exceeded' } },
    quota_exceeded: { status: 429, values: { type: 'rate_limit_error', message: 'Monthly quota exceeded' } },
    invalid_request: { values: { message: 'Invalid request' } },
    not_found: { values: { message: 'Resource not found' } },
    conflict: { values: { message: 'Resource already exists' } },
    payload_too_large: { values: { message: 'Request body too large' } },
    internal_error: { values: { message: 'Internal error' } },
    upstream_unreachable: { values: { message: 'Service unreachable' } },
    unavailable: { values: { message: 'Service temporarily unavailable' } },
    upstream_timeout: { values: { message: 'Service timed out' } },
  },
  docs: {
    variable: 'OPERATE_API_KEY',
    organization: 'organization',
    example: { method: 'GET', path: '/companies/list' },
  },
})
