import { z } from '@hono/zod-openapi'
import type { Lifecycle } from '@keywright/core'
import { disableAccount, enableAccount, removeAccount } from '../../access/accounts.ts'
import type { Caller } from '../../access/caller.ts'
import { readCursor, writeCursor } from '../../control/cursor.ts'
import { deletionQuery } from '../../control/deletion.ts'
import { notFound, Problem } from '../../control/problem.ts'
import { requireWholeInstance } from '../../control/reach.ts'
import { route } from '../../control/route.ts'
import { pageOf, paging, time, timeOf } from '../../control/schemas.ts'
import { requireSignIn } from '../../sign-in/guard.ts'
import type { People, Person } from '../../sign-in/people.ts'

const accountSchema = z
  .strictObject({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    createdAt: time,
    disabledAt: time.nullable(),
    secondFactor: z.boolean(),
    operator: z.boolean(),
  })
  .openapi('Account')

const accountExample = {
  id: 'usr_01kahrp6e8m2x4c6v8b1n3k5j7',
  email: 'ann@example.com',
  name: 'Ann',
  createdAt: '2026-11-20T08:00:00.000Z',
  disabledAt: null,
  secondFactor: true,
  operator: false,
}

function accountView(person: Person, operator: boolean): z.output<typeof accountSchema> {
  const { id, email, name, createdAt, disabledAt, hasSecondFactor } = person
  const at = { createdAt: createdAt.toISOString(), disabledAt: timeOf(disabledAt) }
  return { id, email, name, ...at, secondFactor: hasSecondFactor, operator }
}

export const listAccountsRoute = route({
  operationId: 'listAccounts',
  method: 'get',
  path: '/v1/people',
  tag: 'Operators',
  summary: 'Who has an account on this instance',
  permission: '*',
  query: z.strictObject(paging),
  answer: {
    status: 200,
    description: 'A page of accounts.',
    schema: pageOf('people', accountSchema),
    example: { people: [accountExample], nextCursor: null },
  },
  problems: ['sign_in_off'],
  async handle({ query, caller, lifecycle: { store }, deps }) {
    requireWholeInstance(caller)
    const { people } = requireSignIn(deps)
    const found = await people.list({ after: readCursor(query.cursor), limit: query.limit + 1 })
    const page = found.slice(0, query.limit)
    const operators = await Promise.all(page.map(({ id }) => store.operator(id)))
    const next = found.length > query.limit ? (page.at(-1)?.id ?? null) : null
    return {
      people: page.map((person, i) => accountView(person, operators[i] !== undefined)),
      nextCursor: writeCursor(next),
    }
  },
})

const changed = { status: 200, schema: accountSchema } as const

export const disableAccountRoute = route({
  operationId: 'disableAccount',
  method: 'post',
  path: '/v1/people/{user}/disable',
  tag: 'Operators',
  summary: 'Keep a person out',
  description:
    'Their sessions and CLI tokens end, and they have no place anywhere until they are let in again: where keys are as good as their makers, theirs are refused from now on.',
  permission: '*',
  answer: {
    ...changed,
    description: 'They are out.',
    example: { ...accountExample, disabledAt: '2026-11-21T08:00:00.000Z' },
  },
  problems: ['not_found', 'conflict', 'sign_in_off'],
  async handle({ params: { user }, caller, actor, lifecycle, deps }) {
    requireWholeInstance(caller)
    refuseSelf(caller, user)
    const { people } = requireSignIn(deps)
    await disableAccount(lifecycle, people, actor, user)
    return accountView(await existing(people, user), false)
  },
  replay: ({ params: { user }, caller, lifecycle, deps }) => {
    requireWholeInstance(caller)
    return currentView(requireSignIn(deps).people, lifecycle, user)
  },
})

export const enableAccountRoute = route({
  operationId: 'enableAccount',
  method: 'post',
  path: '/v1/people/{user}/enable',
  tag: 'Operators',
  summary: 'Let a person in again',
  description: 'With the places they had. Their keys work again where keys are as good as their maker.',
  permission: '*',
  answer: { ...changed, description: 'They can sign in.', example: accountExample },
  problems: ['not_found', 'conflict', 'sign_in_off'],
  async handle({ params: { user }, caller, actor, lifecycle, deps }) {
    requireWholeInstance(caller)
    const { people } = requireSignIn(deps)
    await enableAccount(lifecycle, people, actor, user)
    return currentView(people, lifecycle, user)
  },
  replay: ({ params: { user }, caller, lifecycle, deps }) => {
    requireWholeInstance(caller)
    return currentView(requireSignIn(deps).people, lifecycle, user)
  },
})

export const removeAccountRoute = route({
  operationId: 'removeAccount',
  method: 'delete',
  path: '/v1/people/{user}',
  tag: 'Operators',
  summary: 'Remove an account with all that hangs on it',
  description:
    'Their places, the keys they have made in them, CLI tokens and sessions go with it; ask with `dryRun=true` how many. What they did stays in the audit log.',
  permission: '*',
  query: deletionQuery,
  answer: {
    status: 200,
    description: 'It is gone, or would be.',
    schema: z
      .strictObject({
        user: z.string(),
        organizations: z.int(),
        keys: z.int().openapi({ description: 'How many keys were revoked, or would be.' }),
        cliTokens: z.int(),
        sessions: z.int(),
        dryRun: z.boolean(),
      })
      .openapi('AccountRemoval'),
    example: { user: accountExample.id, organizations: 1, keys: 2, cliTokens: 1, sessions: 3, dryRun: false },
  },
  problems: ['not_found', 'conflict', 'sign_in_off'],
  async handle({ params: { user }, query, caller, actor, lifecycle, deps }) {
    requireWholeInstance(caller)
    refuseSelf(caller, user)
    const { dryRun } = query
    return { user, ...(await removeAccount(lifecycle, requireSignIn(deps).people, actor, user, { dryRun })), dryRun }
  },
})

export const forgetSecondFactorRoute = route({
  operationId: 'forgetSecondFactor',
  method: 'delete',
  path: '/v1/people/{user}/second-factor',
  tag: 'Operators',
  summary: 'Let a person who has lost app and recovery codes in with the password alone',
  description: 'Make sure first that it is them who ask. Their sessions end.',
  permission: '*',
  answer: { ...changed, description: 'The password is enough.', example: { ...accountExample, secondFactor: false } },
  problems: ['not_found', 'conflict', 'sign_in_off'],
  async handle({ params: { user }, caller, actor, lifecycle, deps }) {
    requireWholeInstance(caller)
    // Their own is turned off with the password: a session alone may be somebody else's.
    refuseSelf(caller, user)
    const { people } = requireSignIn(deps)
    const { hasSecondFactor } = await existing(people, user)
    if (!hasSecondFactor) return currentView(people, lifecycle, user)
    await lifecycle.store.transact(async (transaction) => {
      const place = { organization: null, target: user }
      const at = lifecycle.now()
      transaction.record({ action: 'person.second_factor_disabled', ...place, actor, at, details: {} })
    })
    await people.secondFactor.forget(user)
    return currentView(people, lifecycle, user)
  },
})

type Findable = Pick<People, 'find'>

async function currentView(people: Findable, { store }: Lifecycle, user: string) {
  return accountView(await existing(people, user), (await store.operator(user)) !== undefined)
}

async function existing(people: Findable, user: string): Promise<Person> {
  const person = await people.find(user)
  if (!person) throw notFound('account')
  return person
}

/** Those who lock themselves out can ask nobody who is in. */
function refuseSelf({ person }: Caller, user: string): void {
  if (person?.id === user) throw new Problem('conflict', 'This is your own account. Ask another operator.')
}
