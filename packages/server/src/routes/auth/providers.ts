import { z } from '@hono/zod-openapi'
import { takePersonsTurn } from '../../access/persons-turn.ts'
import { notFound } from '../../control/problem.ts'
import { openRoute } from '../../control/route.ts'
import { countAttempt, passkeyBounds } from '../../sign-in/attempts.ts'
import {
  refuseLastWayIn,
  refusePortalPerson,
  refuseStale,
  requireOwnPage,
  requireSession,
  requireSignIn,
} from '../../sign-in/guard.ts'
import { actorOfPerson, invitationToken } from './schemas.ts'

export const listProvidersRoute = openRoute({
  operationId: 'listProviders',
  method: 'get',
  path: '/api/auth/providers',
  tag: 'Sign-in',
  summary: 'Where one may have an account that is good here too',
  permission: null,
  credentials: 'none',
  answer: {
    status: 200,
    description: 'As they are configured.',
    schema: z.strictObject({ providers: z.array(z.strictObject({ id: z.string(), name: z.string() })) }),
    example: { providers: [{ id: 'acme', name: 'Acme' }] },
  },
  problems: ['sign_in_off'],
  async answerTo(_, deps) {
    return { providers: requireSignIn(deps).providers.list.map(({ id, name }) => ({ id, name })) }
  },
})

export const startProviderRoute = openRoute({
  operationId: 'startProvider',
  method: 'post',
  path: '/api/auth/sign-in/provider',
  tag: 'Sign-in',
  summary: 'Sign in with an account elsewhere (OpenID Connect)',
  description:
    'Within ten minutes, in the same browser. `link` links it with the account one is signed in with instead, in a session of the last day, which stays as it is. Where sign-up is open, who has no place is given an organization of their own.',
  permission: null,
  credentials: 'none',
  body: z
    .strictObject({
      provider: z.string().max(32),
      to: z
        .string()
        .max(2000)
        .regex(/^\/(?![/\\])/, 'must be a path of the console')
        .default('/'),
      invitation: invitationToken.exactOptional(),
      link: z.boolean().default(false),
    })
    .openapi('SignInElsewhere'),
  bodyExample: { provider: 'acme', to: '/' },
  answer: {
    status: 200,
    description: 'Where to send the browser.',
    schema: z.strictObject({ location: z.string() }),
    example: { location: 'https://login.example.com/authorize?client_id=keys&state=<random>' },
  },
  problems: [
    'not_found',
    'not_signed_in',
    'permission_missing',
    'provider_unavailable',
    'foreign_origin',
    'too_many_attempts',
    'sign_in_off',
  ],
  async answerTo({ request, address, body, setCookies }, deps) {
    const signIn = requireSignIn(deps)
    requireOwnPage(request, signIn)
    const { provider, to, invitation = null, link } = await body()
    const now = deps.lifecycle.now()
    await countAttempt(signIn.attempts, passkeyBounds(address), now)
    const by = link ? await requireSession(request, signIn) : null
    if (by) {
      refusePortalPerson(by.person)
      refuseStale(by.session, now)
    }
    const started = await signIn.providers.start(provider, { to, invitation, person: by?.person.id ?? null }, now)
    if (!started) throw notFound('provider')
    setCookies([started.cookie])
    return { location: started.location }
  },
})

const linked = z.strictObject({
  issuer: z.string(),
  name: z.string().nullable().openapi({ description: 'null: it is not configured here any more.' }),
})

export const listLinkedProvidersRoute = openRoute({
  operationId: 'listLinkedProviders',
  method: 'get',
  path: '/api/auth/providers/linked',
  tag: 'Sign-in',
  summary: 'The accounts elsewhere that open yours',
  permission: null,
  credentials: 'session',
  answer: {
    status: 200,
    description: 'All of them.',
    schema: z.strictObject({ providers: z.array(linked) }),
    example: { providers: [{ issuer: 'https://login.example.com', name: 'Acme' }] },
  },
  problems: ['not_signed_in', 'sign_in_off'],
  async answerTo({ request }, deps) {
    const signIn = requireSignIn(deps)
    const { person } = await requireSession(request, signIn)
    const { issuers } = await signIn.people.waysIn(person.id)
    // A provider is found by its issuer with a slash at the end as well as without.
    const isSame = (one: string, other: string) => new URL(one).href === new URL(other).href
    const nameOf = (issuer: string) => signIn.providers.list.find((one) => isSame(one.issuer, issuer))?.name ?? null
    return { providers: [...new Set(issuers)].map((issuer) => ({ issuer, name: nameOf(issuer) })) }
  },
})

export const unlinkProviderRoute = openRoute({
  operationId: 'unlinkProvider',
  method: 'post',
  path: '/api/auth/providers/unlink',
  tag: 'Sign-in',
  summary: 'Let an account elsewhere open yours no more',
  description: 'Not the last way in: 409 where you have no password, no passkey and no other provider.',
  permission: null,
  credentials: 'session',
  body: z.strictObject({ issuer: z.string().min(1).max(2000) }).openapi('ProviderToUnlink'),
  bodyExample: { issuer: 'https://login.example.com' },
  answer: {
    status: 200,
    description: 'It opens nothing here any more.',
    schema: z.strictObject({ issuer: z.string() }),
    example: { issuer: 'https://login.example.com' },
  },
  problems: ['not_found', 'conflict', 'not_signed_in', 'foreign_origin', 'sign_in_off'],
  async answerTo({ request, address, requestId, body }, deps) {
    const signIn = requireSignIn(deps)
    const { person } = await requireSession(request, signIn)
    const { issuer } = await body()
    const { store, now } = deps.lifecycle
    await store.transact(async (transaction) => {
      // Of two at once each would be the other's last way in.
      await takePersonsTurn(transaction, person.id)
      const ways = await signIn.people.waysIn(person.id)
      if (!ways.issuers.includes(issuer)) throw notFound('provider')
      refuseLastWayIn({ ...ways, issuers: ways.issuers.filter((one) => one !== issuer) })
      const actor = actorOfPerson(person, { address, requestId })
      const place = { organization: null, target: person.id }
      transaction.record({ action: 'person.provider_unlinked', ...place, actor, at: now(), details: { issuer } })
      await signIn.people.unlinkProvider(person.id, issuer)
    })
    return { issuer }
  },
})
