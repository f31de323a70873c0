import { type Contract, parseContract } from '@keywright/core'

/** For an API that makes no promises of its own yet: the standards to the letter, and every kind of key. */
export const keywright: Contract = parseContract({
  name: 'keywright',
  title: 'Keywright',
  credential: {
    sources: [{ header: 'Authorization', scheme: 'Bearer' }, { header: 'X-Api-Key' }],
    whenSeveral: 'refuse',
  },
  key: {
    random: { alphabet: 'base62', length: 43 },
    checksum: true,
    forms: [
      { prefix: 'kw_live_', environment: 'live', kind: 'secret' },
      { prefix: 'kw_test_', environment: 'test', kind: 'secret' },
      { prefix: 'kw_rk_live_', environment: 'live', kind: 'restricted' },
      { prefix: 'kw_rk_test_', environment: 'test', kind: 'restricted' },
      { prefix: 'kw_pk_live_', environment: 'live', kind: 'publishable' },
      { prefix: 'kw_pk_test_', environment: 'test', kind: 'publishable' },
    ],
  },
  routes: [{ path: '/health', methods: ['GET'], access: 'anonymous' }],
  rotation: { maxGraceSeconds: 30 * 86_400, announce: true },
  limitHeaders: 'ietf',
  body: { problem: { requestId: '{requestId}' } },
  refusals: {
    missing_credential: {
      status: 401,
      values: {
        code: 'missing_credential',
        message: "This request has no API key. Send one as 'Authorization: Bearer <key>' or in the X-Api-Key header.",
      },
    },
    repeated_credential: {
      status: 400,
      headers: { 'WWW-Authenticate': 'Bearer realm="keywright", error="invalid_request"' },
      values: {
        code: 'invalid_request',
        message: 'This request has more than one API key. Send exactly one, in one header.',
      },
    },
    invalid_credential: { status: 401, values: { code: 'invalid_credential' } },
    organization_suspended: { status: 403, values: { code: 'organization_suspended' } },
    organization_unpaid: { status: 402, values: { code: 'organization_unpaid' } },
    forbidden: {
      status: 403,
      headers: { 'WWW-Authenticate': 'Bearer realm="keywright", error="insufficient_scope", scope="{permission}"' },
      values: { code: 'forbidden' },
    },
    namespace_forbidden: {
      status: 403,
      headers: { 'WWW-Authenticate': 'Bearer realm="keywright", error="insufficient_scope"' },
      values: { code: 'namespace_forbidden' },
    },
  },
  docs: {
    variable: 'KEYWRIGHT_API_KEY',
    organization: 'organization',
    example: { method: 'GET', path: '/v1/hello' },
  },
})
