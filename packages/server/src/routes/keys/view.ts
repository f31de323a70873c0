import { z } from '@hono/zod-openapi'
import { type Change, type KeyRecord, type Lifecycle, type SecretVersion, stateAt } from '@keywright/core'
import { receiptOf } from '../../control/receipt.ts'
import { name, receipt, time, timeOf } from '../../control/schemas.ts'
import type { Usage } from '../../usage/usage.ts'
import type { LastUse } from '../../usage/usage-store.ts'

export const keyStates = ['active', 'suspended', 'expired', 'revoked'] as const

const versionSchema = z
  .strictObject({
    number: z.int(),
    hint: z.string().openapi({ description: 'What people may see of the secret.' }),
    createdAt: time,
    retiresAt: time.nullable().openapi({ description: 'Refused from then on; null: the current one.' }),
    lastUsedAt: time.nullable().openapi({ description: 'When it was last let in; null: never.' }),
  })
  .openapi('SecretVersion')

export const limitSchema = z
  .strictObject({
    requests: z.int(),
    windowSeconds: z.int(),
    per: z.enum(['key', 'user', 'project', 'organization', 'address']),
    kind: z.enum(['window', 'bucket']),
  })
  .openapi('AgreedLimit')

export const keySchema = z
  .strictObject({
    id: z.string(),
    name,
    hint: z.string().openapi({ description: 'What people may see of the current secret.' }),
    state: z.enum(keyStates),
    organization: z.string(),
    project: z.string().nullable(),
    kind: z.string(),
    environment: z.string(),
    permissions: z.array(z.string()).nullable().openapi({ description: 'null: all that the contract allows.' }),
    namespaces: z.array(z.string()).nullable().openapi({ description: "null: the organization's own." }),
    allowedIps: z.array(z.string()).nullable().openapi({ description: 'null: anywhere.' }),
    limits: z.array(limitSchema).nullable().openapi({ description: "null: the contract's or the plan's." }),
    limitsBeside: z.boolean().openapi({ description: "Whether the contract's or the plan's hold beside its own." }),
    metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    createdBy: z.string().nullable().openapi({
      description:
        'The member who made it, themselves or by a key of theirs; null: a machine did, or an operator who is no member.',
    }),
    createdAt: time,
    expiresAt: time.nullable(),
    suspendedAt: time.nullable(),
    revokedAt: time.nullable(),
    revokedReason: z.string().nullable(),
    lastUsedAt: time.nullable().openapi({ description: 'When any of its secrets was last let in; null: never.' }),
    versions: z.array(versionSchema).openapi({ description: 'Oldest first.' }),
  })
  .openapi('Key')

export const changedKeySchema = z.strictObject({ ...keySchema.shape, receipt }).openapi('ChangedKey')

export const createdKeySchema = z
  .strictObject({
    ...keySchema.shape,
    credential: z.string().openapi({ description: 'Shown in this answer and never again.' }),
    receipt,
  })
  .openapi('CreatedKey')

/** `lastUses` may hold those of other keys. */
export function keyView(key: KeyRecord, now: Date, lastUses: readonly LastUse[]): z.output<typeof keySchema> {
  const { id, name, organization, project, kind, environment, revokedReason, createdBy } = key
  const uses = lastUses.filter((use) => use.key === id)
  const lastUsedMs = Math.max(...uses.map(({ at }) => at.getTime()))
  return {
    id,
    name,
    hint: key.versions.at(-1)?.hint ?? '…',
    state: stateAt(key, now),
    organization,
    project,
    kind,
    environment,
    permissions: key.permissions && [...key.permissions],
    namespaces: key.namespaces && [...key.namespaces],
    allowedIps: key.allowedIps && [...key.allowedIps],
    limits: key.limits && [...key.limits],
    limitsBeside: key.limitsBeside,
    metadata: { ...key.metadata },
    createdBy,
    createdAt: key.createdAt.toISOString(),
    expiresAt: timeOf(key.expiresAt),
    suspendedAt: timeOf(key.suspendedAt),
    revokedAt: timeOf(key.revokedAt),
    revokedReason,
    lastUsedAt: uses.length === 0 ? null : new Date(lastUsedMs).toISOString(),
    versions: key.versions.map((version) => versionView(version, uses)),
  }
}

/** After a change; null where nothing had to change. */
export async function changedKeyView(
  key: KeyRecord,
  change: Change | null,
  { store, now }: Pick<Lifecycle, 'store' | 'now'>,
  usage: Pick<Usage, 'lastUses'>,
): Promise<z.output<typeof changedKeySchema>> {
  return { ...keyView(key, now(), await usage.lastUses([key.id])), receipt: await receiptOf(change, store) }
}

/** Member by member, so that a digest has no way out. */
function versionView(
  { number, hint, createdAt, retiresAt }: SecretVersion,
  uses: readonly LastUse[],
): z.output<typeof versionSchema> {
  const lastUsedAt = timeOf(uses.find(({ version }) => version === number)?.at ?? null)
  return { number, hint, createdAt: createdAt.toISOString(), retiresAt: timeOf(retiresAt), lastUsedAt }
}
