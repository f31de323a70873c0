import { type Contract, parseContract } from '@keywright/core'

/** A sliding window of a minute, counted for all of a tenant's requests together. */
function perMinute(requests: number) {
  return { requests, windowSeconds: 60, per: 'organization', kind: 'window' }
}

/** HolonomiX: one key per tenant, which reaches the namespaces of its list and no other. */
export const holonomix: Contract = parseContract({
  name: 'holonomix',
  title: 'HolonomiX',
  credential: {
    sources: [{ header: 'X-Api-Key' }, { header: 'Authorization', scheme: 'Bearer' }],
    whenSeveral: 'first',
  },
  key: {
    random: { alphabet: 'base62', length: 43 },
    checksum: true,
    forms: [{ prefix: 'hx_live_', environment: 'live', kind: 'secret' }],
  },
  oneKeyPerOrganization: true,
  namespaces: {
    default: ['default'],
    body: { under: '/v1', member: 'namespace', whenAbsent: 'default', maxBytes: 1024 * 1024 },
  },
  routes: [
    { path: '/health', methods: ['GET'], access: 'anonymous' },
    { path: '/v1/get/{namespace}/**' },
    { path: '/v1/list/{namespace}/**' },
    { path: '/v1/delete/{namespace}/**' },
    { path: '/v1/**' },
  ],
  otherRoutes: 'not_found',
  rotation: { maxGraceSeconds: 0, announce: false },
  plans: {
    starter: { limits: [perMinute(10)], monthlyQuota: 1_000 },
    builder: { limits: [perMinute(100)], monthlyQuota: 50_000 },
    pro: { limits: [perMinute(1_000)], monthlyQuota: 500_000 },
    enterprise: { limits: [], monthlyQuota: null },
  },
  limitHeaders: {
    limit: 'X-RateLimit-Limit',
    remaining: 'X-RateLimit-Remaining',
    reset: 'X-RateLimit-Reset',
    resetAs: 'unixSeconds',
  },
  identityHeaders: { 'X-HX-Tenant': '{organization}' },
  body: { json: { detail: '{message}' } },
  refusals: {
    missing_credential: {
      status: 401,
      values: { message: 'Missing API key. Send it in the X-Api-Key header or as Authorization: Bearer.' },
    },
    repeated_credential: 'invalid_credential',
    invalid_credential: { status: 401, values: { message: 'Invalid API key' } },
    organization_suspended: 'invalid_credential',
    organization_unpaid: 'invalid_credential',
    forbidden: {
      status: 403,
      values: { message: 'Not permitted: name a namespace that this key may reach, in the path or in the body.' },
    },
    namespace_forbidden: {
      status: 403,
      values: { message: "Namespace '{namespace}' not permitted for tenant '{organization}'" },
    },
    rate_limited: {
      status: 429,
      values: { message: "Rate limit exceeded for tenant '{organization}'. Retry after {retryAfter}s." },
    },
    quota_exceeded: { status: 429, values: { message: "Monthly quota exceeded for tenant '{organization}'." } },
    invalid_request: { values: { message: 'Malformed request: check the JSON body and the namespace name.' } },
    not_found: { values: { message: 'Not found' } },
    conflict: { values: { message: 'Tenant already exists' } },
    payload_too_large: { values: { message: 'Request body too large' } },
    internal_error: { values: { message: 'Internal error' } },
    upstream_unreachable: { values: { message: 'Upstream unreachable' } },
    unavailable: { values: { message: 'Service unavailable. Retry shortly.' } },
    upstream_timeout: { values: { message: 'Upstream timed out' } },
  },
  docs: {
    variable: 'HX_API_KEY',
    organization: 'tenant',
    example: { method: 'GET', path: '/v1/get/default/my-key' },
  },
})
