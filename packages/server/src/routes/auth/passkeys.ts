import { z } from '@hono/zod-openapi'
import type { Lifecycle, Transaction } from '@keywright/core'
import { takePersonsTurn } from '../../access/persons-turn.ts'
import { notFound, Problem } from '../../control/problem.ts'
import { openRoute } from '../../control/route.ts'
import { id, name, time, timeOf } from '../../control/schemas.ts'
import { countAttempt, passkeyBounds } from '../../sign-in/attempts.ts'
import {
  refuseLastWayIn,
  refusePortalPerson,
  requireOwnPage,
  requireSession,
  requireSignIn,
  staleSession,
} from '../../sign-in/guard.ts'
import type { Passkey } from '../../sign-in/passkeys.ts'
import type { Person } from '../../sign-in/people.ts'
import { actorOfPerson, personView, signedInAnswer } from './schemas.ts'

const passkeySchema = z
  .strictObject({
    id: z.string(),
    name: name.nullable(),
    createdAt: time.nullable(),
    backedUp: z.boolean().openapi({ description: 'A password manager keeps copies of it.' }),
  })
  .openapi('Passkey')

const passkeyExample = {
  id: 'psk_01kahrp6e9m2x4c6v8b1n3k5j7',
  name: 'ann-laptop',
  createdAt: '2026-11-20T08:00:00.000Z',
  backedUp: false,
}

const ceremony = z.strictObject({
  options: z
    .record(z.string(), z.unknown())
    .openapi({ description: 'For the browser, as WebAuthn Level 3 has it in JSON.' }),
})
const response = z
  .looseObject({ id: z.string().regex(/^[A-Za-z0-9_-]{1,1400}$/, 'must be 1 to 1400 characters of base64url') })
  .openapi({ description: 'What the browser answered, as JSON.' })
const responseExample = { id: 'dGhlLWNyZWRlbnRpYWwtaWQ', type: 'public-key', response: {} }

function passkeyView({ id, name, createdAt, isBackedUp }: Passkey): z.output<typeof passkeySchema> {
  return { id, name, createdAt: timeOf(createdAt), backedUp: isBackedUp }
}

function record(
  transaction: Transaction,
  { now }: Lifecycle,
  action: 'person.passkey_added' | 'person.passkey_removed',
  person: Person,
  from: { address: string | null; requestId: string },
  passkey: string,
): void {
  const actor = actorOfPerson(person, from)
  transaction.record({ action, organization: null, target: person.id, actor, at: now(), details: { passkey } })
}

export const listPasskeysRoute = openRoute({
  operationId: 'listPasskeys',
  method: 'get',
  path: '/api/auth/passkeys',
  tag: 'Sign-in',
  summary: 'Your passkeys',
  permission: null,
  credentials: 'session',
  answer: {
    status: 200,
    description: 'Each signs you in without a password.',
    schema: z.strictObject({ passkeys: z.array(passkeySchema) }),
    example: { passkeys: [passkeyExample] },
  },
  problems: ['not_signed_in', 'sign_in_off'],
  async answerTo({ request, address }, deps) {
    const signIn = requireSignIn(deps)
    await requireSession(request, signIn)
    const passkeys = await signIn.people.passkeys.list({ headers: request.headers, address })
    return { passkeys: passkeys.map(passkeyView) }
  },
})

export const startPasskeyRoute = openRoute({
  operationId: 'startPasskey',
  method: 'post',
  path: '/api/auth/passkeys/options',
  tag: 'Sign-in',
  summary: 'What a browser needs to make a passkey',
  permission: null,
  credentials: 'session',
  answer: {
    status: 200,
    description: 'Good for five minutes, in this browser.',
    schema: ceremony,
    example: { options: { challenge: '<random>', rp: { id: 'keys.example.com', name: 'Keywright' } } },
  },
  problems: ['permission_missing', 'not_signed_in', 'foreign_origin', 'sign_in_off'],
  async answerTo({ request, address, setCookies }, deps) {
    const signIn = requireSignIn(deps)
    refusePortalPerson((await requireSession(request, signIn)).person)
    const started = await signIn.people.passkeys.startAdding({ headers: request.headers, address })
    if (!started) throw staleSession()
    setCookies(started.cookies)
    return { options: started.options }
  },
})

export const addPasskeyRoute = openRoute({
  operationId: 'addPasskey',
  method: 'post',
  path: '/api/auth/passkeys',
  tag: 'Sign-in',
  summary: 'Keep a passkey that the browser has made',
  permission: null,
  credentials: 'session',
  body: z.strictObject({ name, response }).openapi('NewPasskey'),
  bodyExample: { name: 'ann-laptop', response: responseExample },
  answer: { status: 201, description: 'It signs you in from now on.', schema: passkeySchema, example: passkeyExample },
  problems: ['sign_in_failed', 'permission_missing', 'not_signed_in', 'foreign_origin', 'sign_in_off'],
  async answerTo({ request, address, requestId, body }, deps) {
    const signIn = requireSignIn(deps)
    const { person } = await requireSession(request, signIn)
    refusePortalPerson(person)
    const added = await signIn.people.passkeys.add(await body(), { headers: request.headers, address })
    if (!added) throw new Problem('sign_in_failed', 'The passkey does not fit what was asked for. Try again.')
    const { lifecycle } = deps
    await lifecycle.store.transact(async (transaction) =>
      record(transaction, lifecycle, 'person.passkey_added', person, { address, requestId }, added.id),
    )
    return passkeyView(added)
  },
})

export const removePasskeyRoute = openRoute({
  operationId: 'removePasskey',
  method: 'post',
  path: '/api/auth/passkeys/remove',
  tag: 'Sign-in',
  summary: 'Let a passkey open nothing any more',
  description: 'Not the last way in: 409 where you have no password, no provider and no other passkey.',
  permission: null,
  credentials: 'session',
  body: z.strictObject({ passkey: id }).openapi('PasskeyToRemove'),
  bodyExample: { passkey: passkeyExample.id },
  answer: {
    status: 200,
    description: 'It is gone.',
    schema: z.strictObject({ passkey: z.string() }),
    example: { passkey: passkeyExample.id },
  },
  problems: ['not_found', 'conflict', 'not_signed_in', 'foreign_origin', 'sign_in_off'],
  async answerTo({ request, address, requestId, body }, deps) {
    const signIn = requireSignIn(deps)
    const { person } = await requireSession(request, signIn)
    const { passkey } = await body()
    const { people } = signIn
    const { lifecycle } = deps
    await lifecycle.store.transact(async (transaction) => {
      // Of two at once each would be the other's last way in.
      await takePersonsTurn(transaction, person.id)
      const ways = await people.waysIn(person.id)
      if (!ways.passkeys.includes(passkey)) throw notFound('passkey')
      refuseLastWayIn({ ...ways, passkeys: ways.passkeys.filter((one) => one !== passkey) })
      record(transaction, lifecycle, 'person.passkey_removed', person, { address, requestId }, passkey)
      if (!(await people.passkeys.remove(passkey, { headers: request.headers, address }))) throw notFound('passkey')
    })
    return { passkey }
  },
})

export const startPasskeySignInRoute = openRoute({
  operationId: 'startPasskeySignIn',
  method: 'post',
  path: '/api/auth/sign-in/passkey/options',
  tag: 'Sign-in',
  summary: 'What a browser needs to sign in with a passkey',
  description: 'The same for everyone: it does not say who has one.',
  permission: null,
  credentials: 'none',
  answer: {
    status: 200,
    description: 'Good for five minutes, in this browser.',
    schema: ceremony,
    example: { options: { challenge: '<random>', rpId: 'keys.example.com', userVerification: 'required' } },
  },
  problems: ['foreign_origin', 'too_many_attempts', 'sign_in_off'],
  async answerTo({ request, address, setCookies }, deps) {
    const signIn = requireSignIn(deps)
    requireOwnPage(request, signIn)
    await countAttempt(signIn.attempts, passkeyBounds(address), deps.lifecycle.now())
    const { options, cookies } = await signIn.people.passkeys.startSignIn()
    setCookies(cookies)
    return { options }
  },
})

export const signInWithPasskeyRoute = openRoute({
  operationId: 'signInWithPasskey',
  method: 'post',
  path: '/api/auth/sign-in/passkey',
  tag: 'Sign-in',
  summary: 'Sign in with a passkey',
  description: 'Its holder was asked by the device who they are, so no second factor is.',
  permission: null,
  credentials: 'none',
  body: z.strictObject({ response }).openapi('PasskeyAssertion'),
  bodyExample: { response: responseExample },
  answer: signedInAnswer,
  problems: ['sign_in_failed', 'foreign_origin', 'too_many_attempts', 'sign_in_off'],
  async answerTo({ request, address, body, setCookies }, deps) {
    const signIn = requireSignIn(deps)
    requireOwnPage(request, signIn)
    const bounds = passkeyBounds(address)
    await countAttempt(signIn.attempts, bounds, deps.lifecycle.now())
    const input = await body()
    const admitted = await signIn.people.passkeys.signIn(input.response, { headers: request.headers, address })
    if (!admitted) throw new Problem('sign_in_failed', 'This passkey opens no account here, or it took too long.')
    // Its question was counted too.
    for (const { name } of [...bounds, ...bounds]) await signIn.attempts.uncount(name)
    setCookies(admitted.cookies)
    return { person: personView(admitted.person) }
  },
})
