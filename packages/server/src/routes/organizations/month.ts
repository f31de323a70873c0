import { z } from '@hono/zod-openapi'
import { monthlyQuotaOf, monthOf } from '@keywright/core'
import { notFound } from '../../control/problem.ts'
import { requireOrganization } from '../../control/reach.ts'
import { route } from '../../control/route.ts'
import { time } from '../../control/schemas.ts'

export const getMonthRoute = route({
  operationId: 'getOrganizationMonth',
  method: 'get',
  path: '/v1/organizations/{organization}/month',
  tag: 'Organizations',
  summary: "Read what of the month's quota is used",
  description: 'A request counts as many as it costs. What other nodes let through is here a few seconds later.',
  permission: 'manage',
  answer: {
    status: 200,
    description: 'Requests of the organization in this calendar month (UTC).',
    schema: z
      .strictObject({
        used: z.int(),
        quota: z.int().nullable().openapi({ description: 'As agreed, or as the plan says; null: unlimited.' }),
        resetAt: time,
      })
      .openapi('OrganizationMonth'),
    example: { used: 120, quota: 1000, resetAt: '2026-12-01T00:00:00.000Z' },
  },
  problems: ['not_found'],
  async handle({ params, caller, lifecycle: { store, contract, now }, deps: { usage } }) {
    requireOrganization(caller, params.organization)
    const organization = await store.organization(params.organization)
    if (!organization) throw notFound('organization')
    const at = now()
    return {
      used: await usage.month(organization.id, at),
      quota: monthlyQuotaOf(contract, organization),
      resetAt: new Date(monthOf(at).endMs).toISOString(),
    }
  },
})
