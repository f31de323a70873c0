import { z } from '@hono/zod-openapi'
import { type Change, type Head, type Store, verifyChain } from '@keywright/core'
import { Problem } from '../../control/problem.ts'
import { route } from '../../control/route.ts'
import { leftForMs } from '../../feed/nodes.ts'
import { requireFollower } from './access.ts'
import { followerName, followerNode } from './leave.ts'

const batch = 1_000
/** Who is further behind starts anew: reading it all would take longer than reading each key when it is used. */
const mostBehind = 10_000

function wholeNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .refine((number) => number >= least && number <= most, `must be from ${least} to ${most}`)
    .openapi({ type: 'integer', minimum: least, maximum: most })
}

export const followChangesRoute = route({
  operationId: 'followChanges',
  method: 'get',
  path: '/v1/changes',
  tag: 'Followers',
  summary: 'What has changed since a change you know',
  description:
    'For processes that verify by themselves. Send the last `(number, hash)` you have applied, and wait here for the next. ' +
    'What you have applied is in force with you as far as receipts are concerned, and for as long as `maxStaleness` you may be waited for.',
  permission: 'verify',
  query: z.strictObject({
    follower: z
      .string()
      .regex(followerName, 'must be 1 to 64 of A-Z, a-z, 0-9, dot, _ and -')
      .openapi({ description: 'A name of your own for this process.' }),
    maxStaleness: wholeNumber(1, 3600).openapi({
      description: 'Seconds after your last successful poll for which you go on accepting keys you know.',
    }),
    after: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional().openapi({ description: 'Absent: you know nothing yet.' }),
    hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal characters')
      .optional(),
    wait: wholeNumber(0, 5)
      .optional()
      .openapi({ description: 'Seconds to wait for a change where there is none yet.' }),
  }),
  answer: {
    status: 200,
    description: 'The changes, oldest first, or the word to forget everything.',
    schema: z
      .strictObject({
        reset: z.boolean().openapi({
          description:
            'This database does not know the change you sent: forget every key you know, and go on from here.',
        }),
        changes: z.array(z.strictObject({ number: z.int(), hash: z.string(), action: z.string(), target: z.string() })),
        number: z.int().openapi({ description: 'Of the last of these; send it as `after`.' }),
        hash: z.string(),
        more: z.boolean().openapi({ description: 'There are more: ask again before you rely on what you know.' }),
      })
      .openapi('ChangesToFollow'),
    example: {
      reset: false,
      changes: [
        {
          number: 42,
          hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
          action: 'key.revoked',
          target: 'key_01ARZ3NDEKTSV4RRFFQ69G5FAV',
        },
      ],
      number: 42,
      hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      more: false,
    },
  },
  problems: [],
  async handle({ query, caller, lifecycle: { store }, deps }) {
    requireFollower(caller)
    const { follower, maxStaleness, after, hash, wait = 0 } = query
    const known = after === undefined || hash === undefined ? null : { number: after, hash }
    const heard = await deps.nodes.beat({
      node: followerNode(follower),
      maxStalenessMs: maxStaleness * 1000,
      applied: known !== null && (await isPartOf(store, known)) ? known.number : 0,
    })
    if (heard === null) throw hasLeft(follower)
    if (known === null) return startingFrom(await store.head())
    const head = await deps.awaitHead(known, wait * 1000)
    if (head.number === known.number && head.hash === known.hash) return { ...news([], known), more: false }
    const changes = head.number - known.number > mostBehind ? [] : await changesAfter(known, store)
    const last = changes.at(-1)
    if (!last) return startingFrom(head)
    return { ...news(changes, last), more: last.number < head.number }
  },
})

function startingFrom({ number, hash }: Head) {
  return { reset: true, changes: [], number, hash, more: false }
}

function news(changes: readonly Change[], { number, hash }: Head) {
  return {
    reset: false,
    changes: changes.map(({ number, hash, action, target }) => ({ number, hash, action, target })),
    number,
    hash,
  }
}

/** An answer would let it accept keys while nobody waits for it. */
function hasLeft(follower: string): Problem {
  const detail = `'${follower}' has stopped following just now. Take another name, or wait for the seconds in Retry-After.`
  return new Problem('unavailable', detail, { headers: { 'retry-after': String(leftForMs / 1000) } })
}

/** Who follows another history, such as one that a backup has undone, has applied nothing of this one. */
async function isPartOf(store: Pick<Store, 'changes' | 'head'>, known: Head): Promise<boolean> {
  const head = await store.head()
  if (head.number === known.number) return head.hash === known.hash
  const next = await store.changes(known.number, 1)
  return next.length > 0 && verifyChain(known, next).ok
}

/** None where the database has nothing that follows just that change, which itself may have been deleted by now. */
async function changesAfter(known: Head, store: Pick<Store, 'changes'>): Promise<Change[]> {
  const changes = await store.changes(known.number, batch)
  return verifyChain(known, changes.slice(0, 1)).ok ? changes : []
}
