import { z } from '@hono/zod-openapi'
import type { Deletion } from '@keywright/core'
import { receipt } from './schemas.ts'

export const deletionQuery = z.strictObject({
  dryRun: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .openapi({ type: 'boolean', default: false, description: 'Only count what it would take.' }),
})

export const deletionSchema = z
  .strictObject({
    id: z.string(),
    dryRun: z.boolean(),
    keys: z.int().openapi({ description: 'Those that were not revoked before.' }),
    members: z.int(),
    projects: z.int(),
    receipt: receipt.nullable().openapi({ description: 'null after a dry run.' }),
  })
  .openapi('Deletion')

export function deletionView(id: string, { keys, members, projects }: Deletion, receipt: string | null) {
  return { id, dryRun: receipt === null, keys, members, projects, receipt }
}
