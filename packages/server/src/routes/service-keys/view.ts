import { z } from '@hono/zod-openapi'
import type { ServiceKeyRecord } from '@keywright/core'
import { name, receipt, time, timeOf } from '../../control/schemas.ts'

export const servicePermission = z.enum(['*', 'manage', 'verify', 'metrics'])

export const serviceKeySchema = z
  .strictObject({
    id: z.string(),
    name,
    hint: z.string().openapi({ description: 'What people may see of it.' }),
    permissions: z.array(servicePermission),
    organization: z.string().nullable().openapi({ description: 'null: every organization of the instance.' }),
    createdAt: time,
    revokedAt: time.nullable(),
  })
  .openapi('ServiceKey')

export const changedServiceKeySchema = z
  .strictObject({ ...serviceKeySchema.shape, receipt })
  .openapi('ChangedServiceKey')

export function serviceKeyView(key: ServiceKeyRecord): z.output<typeof serviceKeySchema> {
  const { id, name, hint, permissions, organization, createdAt, revokedAt } = key
  return {
    id,
    name,
    hint,
    permissions: [...permissions],
    organization,
    createdAt: createdAt.toISOString(),
    revokedAt: timeOf(revokedAt),
  }
}

export const serviceKeyExample = {
  id: 'svc_01kahrp6e2b6t0y4n9f3h5vj7w',
  name: 'CI',
  hint: 'kwo_…x9Qd',
  permissions: ['manage' as const],
  organization: 'acme',
  createdAt: '2026-11-20T08:00:00.000Z',
  revokedAt: null,
}
