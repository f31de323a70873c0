import { issue, reissue } from '@keywright/core'
import { makerIn } from '../../access/caller.ts'
import { requireOrganization } from '../../control/reach.ts'
import { receiptOf } from '../../control/receipt.ts'
import { route } from '../../control/route.ts'
import { credentialExample, newKeyExample, receiptExample } from './example.ts'
import { findKey } from './find.ts'
import { newKeySchema } from './schemas.ts'
import { createdKeySchema, keyView } from './view.ts'

export const createKeyRoute = route({
  operationId: 'createKey',
  method: 'post',
  path: '/v1/keys',
  tag: 'Keys',
  summary: 'Issue a key',
  description: 'The only answer that holds the credential. Repeated with its Idempotency-Key, it holds a fresh one.',
  permission: 'manage',
  body: newKeySchema,
  bodyExample: {
    organization: 'acme',
    name: 'Production',
    permissions: ['reports:read'],
    expiresAt: '2027-02-18T08:00:00Z',
    limits: [{ requests: 100, windowSeconds: 60 }],
    metadata: { team: 'billing' },
  },
  answer: {
    status: 201,
    description: 'The key and, this once, its credential.',
    schema: createdKeySchema,
    example: { ...newKeyExample, credential: credentialExample, receipt: receiptExample },
  },
  problems: ['not_found', 'conflict'],
  async handle({ body, caller, actor, lifecycle }) {
    requireOrganization(caller, body.organization)
    const { createdBy, reach } = await makerIn(body.organization, caller, lifecycle)
    const { key, credential, change } = await issue(lifecycle, actor, { ...body, createdBy }, reach)
    const receipt = await receiptOf(change, lifecycle.store)
    return { ...keyView(key, lifecycle.now(), []), credential, receipt }
  },
  async replay({ caller, actor, lifecycle }, { target, version }) {
    const { id } = await findKey(lifecycle.store, caller, target)
    const { key, credential, change } = await reissue(lifecycle, actor, id, version ?? 1)
    const receipt = await receiptOf(change, lifecycle.store)
    return { ...keyView(key, lifecycle.now(), []), credential, receipt }
  },
})
