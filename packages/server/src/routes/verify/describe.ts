import { z } from '@hono/zod-openapi'
import { time } from '../../control/schemas.ts'
import { verifyBody } from '../../verify-endpoint/attempt.ts'

const refusal = z.strictObject({ status: z.int(), headers: z.record(z.string(), z.string()), body: z.string() })

const principal = z
  .strictObject({
    key: z.string(),
    version: z.int(),
    organization: z.string(),
    project: z.string().nullable(),
    user: z.string().nullable(),
    kind: z.string(),
    environment: z.string(),
    permissions: z.array(z.string()).nullable(),
    namespaces: z.array(z.string()).nullable(),
  })
  .openapi('Principal')

export const limitState = z
  .strictObject({
    requests: z.int(),
    windowSeconds: z.int(),
    per: z.string(),
    kind: z.enum(['window', 'bucket']),
    remaining: z.int(),
    resetAt: time,
  })
  .openapi('LimitState')

/** What is served beside the framework, for speed: described here, and held to this by its own tests. */
export const verifyDescription = {
  operationId: 'verify',
  method: 'post' as const,
  path: '/v1/verify',
  tags: ['Verification'],
  summary: 'The verdict on one request to your API',
  description:
    'Either `credential` or `headers`. Needs a service key with the permission `verify`. A `path` without a `method` is ' +
    'judged as GET: give both where the route asks for more of other methods.',
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: verifyBody.openapi('Attempt'),
          example: { credential: '<what the caller sent>', method: 'GET', path: '/v1/things' },
        },
      },
    },
  },
  answer: {
    schema: z
      .union([
        z.strictObject({
          allowed: z.literal(true),
          principal: principal.nullable(),
          limits: z.array(limitState),
          retiresAt: time.nullable(),
        }),
        z.strictObject({ allowed: z.literal(false), reason: z.string(), refusal }),
      ])
      .openapi('Verdict'),
    example: {
      allowed: false as const,
      reason: 'revoked_key',
      refusal: { status: 401, headers: { 'content-type': 'application/problem+json' }, body: '{"status":401}' },
    },
  },
}
