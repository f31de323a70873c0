import { z } from '@hono/zod-openapi'
import type { FoundKey } from '@keywright/core'
import { invalid } from '../../control/problem.ts'
import { route } from '../../control/route.ts'
import { id, time, timeOf } from '../../control/schemas.ts'
import { requireFollower } from './access.ts'

const names = z.array(z.string()).nullable()
const limit = z.strictObject({
  requests: z.int(),
  windowSeconds: z.int(),
  per: z.string(),
  kind: z.enum(['window', 'bucket']),
})

const foundKey = z
  .strictObject({
    key: z.strictObject({
      id: z.string(),
      organization: z.string(),
      project: z.string().nullable(),
      createdBy: z.string().nullable(),
      name: z.string(),
      kind: z.string(),
      environment: z.string(),
      permissions: names,
      namespaces: names,
      allowedIps: names,
      limits: z.array(limit).nullable(),
      limitsBeside: z.boolean(),
      createdAt: time,
      expiresAt: time.nullable(),
      suspendedAt: time.nullable(),
      revokedAt: time.nullable(),
      deletedAt: time.nullable(),
      versions: z.array(
        z.strictObject({
          number: z.int(),
          digest: z.string(),
          createdAt: time,
          retiresAt: time.nullable(),
          ended: z
            .literal(true)
            .exactOptional()
            .openapi({ description: 'It is over, also by a clock that is behind.' }),
        }),
      ),
    }),
    organization: z.strictObject({
      id: z.string(),
      plan: z.string().nullable(),
      namespaces: names,
      monthlyQuota: z.int().nullable(),
      state: z.enum(['active', 'suspended', 'unpaid']),
    }),
    maker: z.strictObject({ role: z.enum(['owner', 'admin', 'member']) }).nullable(),
    readAt: z.int().openapi({ description: 'Number of the last change this answer contains.' }),
    readHash: z.string().openapi({
      description:
        'Hash of that change. Where you have heard of another of this number, ask again; where you come to hear of one, ' +
        'forget every key you know, as after a reset.',
    }),
  })
  .openapi('FoundKey')

export const findKeyToFollowRoute = route({
  operationId: 'findKeyToFollow',
  method: 'post',
  path: '/v1/followers/keys',
  tag: 'Followers',
  summary: 'A key as verification needs it',
  description:
    'For processes that verify by themselves, by the digest of a credential or by the id of a key that has changed.',
  permission: 'verify',
  body: z
    .strictObject({
      digest: z
        .string()
        .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal characters')
        .optional(),
      key: id.optional(),
    })
    .openapi('KeyToFollow'),
  bodyExample: { digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' },
  answer: {
    status: 200,
    description: 'The key, revoked and deleted ones included; null where there is no such key.',
    schema: z
      .strictObject({
        found: foundKey.nullable(),
        peppers: z.array(z.strictObject({ id: z.string(), fingerprint: z.string() })).openapi({
          description: 'Those of this server. Where one of them is not yours, what is not found may be a valid key.',
        }),
      })
      .openapi('KeyFoundToFollow'),
    example: { found: null, peppers: [{ id: '2026', fingerprint: '9f86d081884c7d65' }] },
  },
  problems: [],
  async handle({ body: { digest, key }, caller, lifecycle: { store, digester } }) {
    requireFollower(caller)
    const peppers = digester.peppers.map(({ id, fingerprint }) => ({ id, fingerprint }))
    if (digest !== undefined && key === undefined) return { found: told(await store.find(digest)), peppers }
    if (key !== undefined && digest === undefined) return { found: told(await store.found(key)), peppers }
    throw invalid([{ field: 'digest', message: 'or key must be there, and not both' }])
  },
})

function told(found: FoundKey | undefined): z.input<typeof foundKey> | null {
  if (!found) return null
  const { organization, maker, readAt, readHash } = found
  const { metadata: _, revokedReason: __, ...key } = found.key
  const { id, plan, namespaces, monthlyQuota, state } = organization
  return {
    key: {
      ...key,
      permissions: listed(key.permissions),
      namespaces: listed(key.namespaces),
      allowedIps: listed(key.allowedIps),
      limits: key.limits && [...key.limits],
      createdAt: key.createdAt.toISOString(),
      expiresAt: timeOf(key.expiresAt),
      suspendedAt: timeOf(key.suspendedAt),
      revokedAt: timeOf(key.revokedAt),
      deletedAt: timeOf(key.deletedAt),
      versions: key.versions.map(({ number, digest, createdAt, retiresAt, ended }) => ({
        number,
        digest,
        createdAt: createdAt.toISOString(),
        retiresAt: timeOf(retiresAt),
        ...(ended && { ended }),
      })),
    },
    organization: { id, plan, namespaces: listed(namespaces), monthlyQuota, state },
    maker: maker && { role: maker.role },
    readAt,
    readHash,
  }
}

function listed(list: readonly string[] | null): string[] | null {
  return list && [...list]
}
