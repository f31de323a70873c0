import { z } from '@hono/zod-openapi'
import { changeGrace } from '@keywright/core'
import { notFound } from '../../control/problem.ts'
import { route } from '../../control/route.ts'
import { keyExample, receiptExample } from './example.ts'
import { findKey } from './find.ts'
import { changedKeySchema, changedKeyView } from './view.ts'

export const changeGraceRoute = route({
  operationId: 'changeGrace',
  method: 'patch',
  path: '/v1/keys/{key}/versions/{number}',
  tag: 'Keys',
  summary: 'End the grace of an old secret, or extend it',
  description: 'Of a rotated secret that still works. A secret that has ended stays so.',
  permission: 'manage',
  body: z
    .strictObject({ graceSeconds: z.int().min(0).openapi({ description: 'From now; 0 ends the secret at once.' }) })
    .openapi('Grace'),
  bodyExample: { graceSeconds: 0 },
  answer: {
    status: 200,
    description: 'The key as it is now.',
    schema: changedKeySchema,
    example: { ...keyExample, receipt: receiptExample },
  },
  problems: ['not_found', 'conflict'],
  async handle({ params, body, caller, actor, lifecycle, deps: { usage } }) {
    const { id } = await findKey(lifecycle.store, caller, params.key)
    if (!/^[1-9]\d{0,8}$/.test(params.number)) throw notFound('secret version')
    const { key, change } = await changeGrace(lifecycle, actor, id, Number(params.number), body.graceSeconds)
    return changedKeyView(key, change, lifecycle, usage)
  },
})
