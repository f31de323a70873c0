import { z } from '@hono/zod-openapi'
import { notFound } from '../../control/problem.ts'
import { changeOf } from '../../control/receipt.ts'
import { route } from '../../control/route.ts'
import { time } from '../../control/schemas.ts'

export const getReceiptRoute = route({
  operationId: 'getReceipt',
  method: 'get',
  path: '/v1/receipts/{receipt}',
  tag: 'Receipts',
  summary: 'Which nodes have applied a change',
  description: 'Whoever holds a receipt may ask. 404 means that this database does not know the change, or lost it.',
  permission: 'manage',
  answer: {
    status: 200,
    description: 'Who has applied the change, and who has not yet.',
    schema: z
      .strictObject({
        receipt: z.string(),
        change: z.int().openapi({ description: 'Its number in the audit log.' }),
        appliedBy: z.array(z.strictObject({ node: z.string(), appliedAt: time })).openapi({
          description: 'When each told that it had applied this change, or a later one after an hour has passed.',
        }),
        pending: z.array(z.string()).openapi({
          description: 'Nodes that may still accept what the change took away. Not one whose time without word is up.',
        }),
        complete: z.boolean().openapi({ description: 'No node is pending.' }),
      })
      .openapi('Receipt'),
    example: {
      receipt: '3.9f86d081884c7d65',
      change: 3,
      appliedBy: [{ node: 'local', appliedAt: '2026-11-20T08:00:00.000Z' }],
      pending: [],
      complete: true,
    },
  },
  problems: ['not_found'],
  async handle({ params, lifecycle: { store }, deps: { nodes } }) {
    const change = await changeOf(params.receipt, store)
    if (!change) throw notFound('receipt')
    const { appliedBy, pending } = await nodes.appliedBy(change)
    return {
      receipt: params.receipt,
      change: change.number,
      appliedBy: appliedBy.map(({ node, appliedAt }) => ({ node, appliedAt: appliedAt.toISOString() })),
      pending,
      complete: pending.length === 0,
    }
  },
})
