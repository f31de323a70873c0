import { z } from '@hono/zod-openapi'
import type { CliTokenRecord } from '@keywright/core'
import type { Caller } from '../../access/caller.ts'
import { revokeCliToken } from '../../access/cli-token-lifecycle.ts'
import { pageAsked, writeCursor } from '../../control/cursor.ts'
import { Problem } from '../../control/problem.ts'
import { route } from '../../control/route.ts'
import { name, pageOf, paging, time, timeOf } from '../../control/schemas.ts'

const cliTokenSchema = z
  .strictObject({
    id: z.string(),
    name: name.openapi({ description: 'Of the machine it was made for.' }),
    hint: z.string(),
    createdAt: time,
    expiresAt: time,
    lastUsedAt: time.nullable(),
    revokedAt: time.nullable(),
  })
  .openapi('CliToken')

const cliTokenExample = {
  id: 'clt_01kahrp6e6m2x4c6v8b1n3k5j7',
  name: 'ann-laptop',
  hint: 'kwc_…x9Qd',
  createdAt: '2026-11-20T08:00:00.000Z',
  expiresAt: '2027-02-18T08:00:00.000Z',
  lastUsedAt: '2026-11-20T09:00:00.000Z',
  revokedAt: null,
}

export const listCliTokensRoute = route({
  operationId: 'listCliTokens',
  method: 'get',
  path: '/v1/cli-tokens',
  tag: 'CLI tokens',
  summary: 'List your own CLI tokens',
  description:
    'One for each login from a terminal, revoked and expired ones too, until 30 days after their time has run out.',
  permission: 'manage',
  query: z.strictObject(paging),
  answer: {
    status: 200,
    description: 'A page of tokens.',
    schema: pageOf('cliTokens', cliTokenSchema),
    example: { cliTokens: [cliTokenExample], nextCursor: null },
  },
  problems: [],
  async handle({ query, caller, lifecycle: { store } }) {
    const { items, next } = await store.cliTokens({ ...pageAsked(query), user: personOf(caller) })
    return { cliTokens: items.map(cliTokenView), nextCursor: writeCursor(next) }
  },
})

export const revokeCliTokenRoute = route({
  operationId: 'revokeCliToken',
  method: 'post',
  path: '/v1/cli-tokens/{cliToken}/revoke',
  tag: 'CLI tokens',
  summary: 'Sign a terminal out',
  description: '`current` is the token that asks.',
  permission: 'manage',
  answer: {
    status: 200,
    description: 'The token is refused.',
    schema: cliTokenSchema,
    example: { ...cliTokenExample, revokedAt: '2026-11-21T08:00:00.000Z' },
  },
  problems: ['not_found'],
  async handle({ params: { cliToken }, caller, actor, lifecycle }) {
    const id = cliToken === 'current' ? (caller.cliToken ?? cliToken) : cliToken
    return cliTokenView(await revokeCliToken(lifecycle, actor, { id, user: personOf(caller) }))
  },
})

/** @throws Problem for a machine, which has no terminal */
function personOf({ person }: Caller): string {
  if (person) return person.id
  throw new Problem('permission_missing', 'CLI tokens are a person’s own: ask with one, or with a session.')
}

function cliTokenView({ id, name, hint, createdAt, expiresAt, lastUsedAt, revokedAt }: CliTokenRecord) {
  return {
    ...{ id, name, hint, createdAt: createdAt.toISOString(), expiresAt: expiresAt.toISOString() },
    lastUsedAt: timeOf(lastUsedAt),
    revokedAt: timeOf(revokedAt),
  }
}
