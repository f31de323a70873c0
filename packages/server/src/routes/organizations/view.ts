import { z } from '@hono/zod-openapi'
import type { OrganizationRecord } from '@keywright/core'
import { name, receipt, slug, time } from '../../control/schemas.ts'

export const states = ['active', 'suspended', 'unpaid'] as const

export const namespaces = z.array(slug).max(1000)

export const organizationSchema = z
  .strictObject({
    id: z.string(),
    name,
    plan: z.string().nullable().openapi({ description: "One of the contract's plans; null where it has none." }),
    namespaces: z.array(z.string()).nullable().openapi({ description: 'What its keys may reach; null: not used.' }),
    monthlyQuota: z.int().nullable().openapi({ description: 'Requests in a month (UTC); null: as the plan says.' }),
    state: z.enum(states).openapi({ description: '`suspended` and `unpaid` refuse all its keys.' }),
    createdAt: time,
  })
  .openapi('Organization')

export const changedOrganizationSchema = z
  .strictObject({ ...organizationSchema.shape, receipt })
  .openapi('ChangedOrganization')

export function organizationView(organization: OrganizationRecord): z.output<typeof organizationSchema> {
  const { id, name, plan, namespaces, monthlyQuota, state, createdAt } = organization
  return {
    id,
    name,
    plan,
    namespaces: namespaces && [...namespaces],
    monthlyQuota,
    state,
    createdAt: createdAt.toISOString(),
  }
}

export const organizationExample = {
  id: 'acme',
  name: 'Acme Corporation',
  plan: null,
  namespaces: null,
  monthlyQuota: null,
  state: 'active',
  createdAt: '2026-11-20T08:00:00.000Z',
} as const

export const changedOrganizationExample = { ...organizationExample, receipt: '1.9f86d081884c7d65' }
