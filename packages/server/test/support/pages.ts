import type { builtIn } from '@keywright/contracts'
import { expect } from 'vitest'

/** What a contract's page says of things that every contract has. */
export interface Page {
  contract: keyof typeof builtIn
  /** Each header that takes a credential, and what stands in front of it there. */
  ways: readonly { header: string; scheme: '' | 'Bearer' }[]
  /** A path that any key may read. */
  path: string
  missing: { status: number; body: unknown }
  invalid: { status: number; body: unknown }
  /** A credential that is there twice; as for an invalid one unless said. */
  repeated?: { status: number; body: unknown }
  /** The body of any other refusal. */
  body: (status: number) => unknown
  rateLimited: unknown
  /** How many requests a minute a key has where nothing is agreed. */
  limit: number | null
}

const bearer = { header: 'Authorization', scheme: 'Bearer' } as const
const xApiKey = { header: 'X-API-Key', scheme: '' } as const
const sentence = expect.stringMatching(/^[A-Z]/)

const holocronCodes: Record<number, string> = {
  400: 'invalid_request',
  404: 'not_found',
  502: 'upstream_unreachable',
  503: 'unavailable',
  504: 'upstream_timeout',
}
const hopxCodes: Record<number, string> = {
  400: 'INVALID_REQUEST',
  404: 'NOT_FOUND',
  502: 'UPSTREAM_UNAVAILABLE',
  503: 'SERVICE_UNAVAILABLE',
  504: 'UPSTREAM_TIMEOUT',
}
const operateTypes: Record<number, string> = { 400: 'invalid_request_error', 404: 'not_found_error' }

const requestId = 'the-same'
const operateError = (message: unknown, type = 'authentication_error') => ({ success: false, error: { type, message } })
const hopxUnauthorized = { error: 'Unauthorized', code: 'AUTHENTICATION_REQUIRED', request_id: requestId }
const problem = (status: number, code: unknown) => ({
  type: expect.any(String),
  title: expect.any(String),
  status,
  code,
  detail: sentence,
  requestId,
})

/** All bodies are those of a request with the X-Request-Id `the-same`. */
export const pages: readonly Page[] = [
  {
    contract: 'keywright',
    ways: [bearer, xApiKey],
    path: '/v1/things',
    missing: { status: 401, body: problem(401, 'missing_credential') },
    invalid: { status: 401, body: problem(401, 'invalid_credential') },
    repeated: { status: 400, body: problem(400, 'invalid_request') },
    body: (status) => problem(status, expect.stringMatching(/^[a-z_]+$/)),
    rateLimited: problem(429, 'rate_limited'),
    limit: null,
  },
  {
    contract: 'holocron',
    ways: [bearer],
    path: '/api/chat',
    missing: { status: 401, body: { error: 'unauthorized', message: sentence } },
    invalid: { status: 401, body: { error: 'unauthorized', message: sentence } },
    body: (status) => ({ error: holocronCodes[status], message: sentence }),
    rateLimited: { error: 'rate_limited', message: sentence },
    limit: null,
  },
  {
    contract: 'holonomix',
    ways: [xApiKey, bearer],
    path: '/v1/list/default',
    missing: { status: 401, body: { detail: sentence } },
    invalid: { status: 401, body: { detail: sentence } },
    body: () => ({ detail: sentence }),
    rateLimited: { detail: expect.stringMatching(/^Rate limit exceeded for tenant 'other-\d+'\. Retry after \d+s\.$/) },
    limit: 10,
  },
  {
    contract: 'hopx',
    ways: [bearer, xApiKey],
    path: '/v1/sandboxes',
    missing: { status: 401, body: hopxUnauthorized },
    invalid: { status: 401, body: hopxUnauthorized },
    body: (status) => ({ error: sentence, code: hopxCodes[status], request_id: requestId }),
    rateLimited: {
      error: 'Rate limit exceeded: 2 requests per second',
      code: 'RATE_LIMIT_EXCEEDED',
      request_id: requestId,
      retry_after: expect.any(Number),
    },
    limit: 100,
  },
  {
    contract: 'operate',
    ways: [xApiKey],
    path: '/companies/list',
    missing: { status: 400, body: operateError('Missing API Key') },
    invalid: { status: 401, body: operateError('Invalid API Key') },
    body: (status) => operateError(sentence, operateTypes[status] ?? 'api_error'),
    rateLimited: operateError('Rate limit exceeded', 'rate_limit_error'),
    limit: null,
  },
  {
    contract: 'handinger',
    ways: [bearer],
    path: '/api/workers',
    missing: { status: 401, body: { error: sentence } },
    invalid: { status: 401, body: { error: sentence } },
    body: () => ({ error: sentence }),
    rateLimited: { error: sentence },
    limit: null,
  },
]
