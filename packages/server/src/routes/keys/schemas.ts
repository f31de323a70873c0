import { z } from '@hono/zod-openapi'
import { instant, line, name, slug } from '../../control/schemas.ts'

const permission = z.string().min(1).max(128)

const limit = z
  .strictObject({
    requests: z.int().min(1).max(1_000_000_000),
    windowSeconds: z.int().min(1).max(31_622_400),
    per: z.enum(['key', 'user', 'project', 'organization']).default('key'),
    kind: z
      .enum(['window', 'bucket'])
      .default('window')
      .openapi({ description: '`bucket` refills evenly, and `requests` is its burst.' }),
  })
  .openapi('Limit')

const metadata = z
  .record(z.string().min(1).max(64), z.union([z.string().max(500), z.number(), z.boolean()]))
  .refine((members) => Object.keys(members).length <= 32, 'must have at most 32 entries')
  .openapi({ description: 'At most 32 members: texts of at most 500 characters, numbers, truth values.' })

/** What may be agreed about a key, at first and later. */
const terms = {
  permissions: z.array(permission).max(100),
  namespaces: z.array(slug).max(100),
  expiresAt: instant,
  limits: z.array(limit).max(8),
  allowedIps: z.array(z.string().min(1).max(64)).max(100),
  metadata,
}

export const newKeySchema = z
  .strictObject({
    organization: z.string().min(1).max(64),
    project: z.string().min(1).max(64).exactOptional(),
    name,
    kind: line(64).exactOptional(),
    environment: line(64).exactOptional(),
    permissions: terms.permissions.exactOptional().openapi({
      description: 'Absent: all that the contract allows such a key. Empty: none.',
    }),
    namespaces: terms.namespaces.exactOptional(),
    expiresAt: terms.expiresAt.exactOptional(),
    limits: terms.limits.exactOptional().openapi({ description: "Absent: the contract's default. Empty: none." }),
    allowedIps: terms.allowedIps
      .exactOptional()
      .openapi({ description: 'Addresses and CIDR ranges. Absent: anywhere.' }),
    metadata: terms.metadata.exactOptional(),
  })
  .openapi('NewKey')

export const keyPatchSchema = z
  .strictObject({
    name: name.exactOptional(),
    permissions: terms.permissions.nullable().exactOptional(),
    namespaces: terms.namespaces.nullable().exactOptional(),
    expiresAt: terms.expiresAt.nullable().exactOptional(),
    limits: terms.limits.nullable().exactOptional(),
    allowedIps: terms.allowedIps.nullable().exactOptional(),
    metadata: terms.metadata.exactOptional(),
  })
  .openapi('KeyPatch')
