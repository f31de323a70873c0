import { z } from '@hono/zod-openapi'
import type { KeyRecord } from '@keywright/core'
import { notFound } from '../../control/problem.ts'
import { receipt, time } from '../../control/schemas.ts'

export const revokedKeySchema = z.strictObject({ id: z.string(), revokedAt: time, receipt }).openapi('RevokedKey')

export function revokedView({ id, revokedAt }: KeyRecord, receipt: string): z.output<typeof revokedKeySchema> {
  if (!revokedAt) throw notFound('revocation')
  return { id, revokedAt: revokedAt.toISOString(), receipt }
}
