import type { z } from '@hono/zod-openapi'
import { resume, suspend } from '@keywright/core'
import { type Route, route } from '../../control/route.ts'
import { keyExample, receiptExample } from './example.ts'
import { findKey } from './find.ts'
import { changedKeySchema, changedKeyView } from './view.ts'

export const suspendKeyRoute = stateRoute({
  verb: 'suspend',
  change: suspend,
  summary: 'Refuse a key until it is resumed',
  example: { ...keyExample, state: 'suspended', suspendedAt: '2026-11-21T08:00:00.000Z', receipt: receiptExample },
})

export const resumeKeyRoute = stateRoute({
  verb: 'resume',
  change: resume,
  summary: 'Lift the suspension of a key',
  example: { ...keyExample, receipt: receiptExample },
})

function stateRoute({
  verb,
  change: apply,
  summary,
  example,
}: {
  verb: 'suspend' | 'resume'
  change: typeof suspend
  summary: string
  example: z.output<typeof changedKeySchema>
}): Route {
  return route({
    operationId: `${verb}Key`,
    method: 'post',
    path: `/v1/keys/{key}/${verb}`,
    tag: 'Keys',
    summary,
    permission: 'manage',
    answer: { status: 200, description: 'The key as it is now.', schema: changedKeySchema, example },
    problems: ['not_found', 'conflict'],
    async handle({ params, caller, actor, lifecycle, deps: { usage } }) {
      const { id } = await findKey(lifecycle.store, caller, params.key)
      const { key, change } = await apply(lifecycle, actor, id)
      return changedKeyView(key, change, lifecycle, usage)
    },
    async replay({ params, caller, lifecycle, deps: { usage } }) {
      const key = await findKey(lifecycle.store, caller, params.key)
      return changedKeyView(key, null, lifecycle, usage)
    },
  })
}
