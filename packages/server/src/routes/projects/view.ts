import { z } from '@hono/zod-openapi'
import type { ProjectRecord } from '@keywright/core'
import { name, receipt, time } from '../../control/schemas.ts'

export const projectSchema = z
  .strictObject({ id: z.string(), organization: z.string(), name, createdAt: time })
  .openapi('Project')

export const changedProjectSchema = z.strictObject({ ...projectSchema.shape, receipt }).openapi('ChangedProject')

export function projectView({ id, organization, name, createdAt }: ProjectRecord): z.output<typeof projectSchema> {
  return { id, organization, name, createdAt: createdAt.toISOString() }
}

export const projectExample = {
  id: 'prj_01kahrp6e0f4z8vv1xk5dsn2aq',
  organization: 'acme',
  name: 'Website',
  createdAt: '2026-11-20T08:00:00.000Z',
}
