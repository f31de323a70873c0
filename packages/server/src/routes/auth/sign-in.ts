import { z } from '@hono/zod-openapi'
import { Problem } from '../../control/problem.ts'
import { openRoute } from '../../control/route.ts'
import { countAttempt, signInBounds } from '../../sign-in/attempts.ts'
import { requireOwnPage, requireSignIn } from '../../sign-in/guard.ts'
import { longestPassword } from '../../sign-in/people.ts'
import { personExample, personSchema, personView } from './schemas.ts'

export const signInRoute = openRoute({
  operationId: 'signIn',
  method: 'post',
  path: '/api/auth/sign-in/email',
  tag: 'Sign-in',
  summary: 'Sign in with address and password',
  description: 'A wrong password and an unknown address are answered alike.',
  permission: null,
  credentials: 'none',
  body: z
    .strictObject({ email: z.string().min(1).max(254), password: z.string().min(1).max(longestPassword) })
    .openapi('SignInWithPassword'),
  bodyExample: { email: 'ann@example.com', password: 'correct horse battery staple' },
  answer: {
    status: 200,
    description: 'Who is signed in now, with the session in the cookie; or that a code is needed as well.',
    schema: z.union([z.strictObject({ person: personSchema }), z.strictObject({ secondFactor: z.literal(true) })]),
    example: { person: personExample },
  },
  problems: ['sign_in_failed', 'foreign_origin', 'too_many_attempts', 'sign_in_off'],
  async answerTo({ request, address, body, setCookies }, deps) {
    const signIn = requireSignIn(deps)
    requireOwnPage(request, signIn)
    const input = await body()
    const { attempts, people } = signIn
    const bounds = signInBounds(input.email, address)
    await countAttempt(attempts, bounds, deps.lifecycle.now())
    const admitted = await people.signIn(input, { headers: request.headers, address })
    if (!admitted) throw new Problem('sign_in_failed')
    setCookies(admitted.cookies)
    // Each first step lets codes be guessed, side by side with all others: it counts until the second is done.
    if (!('person' in admitted)) return { secondFactor: true as const }
    for (const { name } of bounds) await attempts.uncount(name)
    return { person: personView(admitted.person) }
  },
})

export const signOutRoute = openRoute({
  operationId: 'signOut',
  method: 'post',
  path: '/api/auth/sign-out',
  tag: 'Sign-in',
  summary: 'End the session',
  description: 'On the server too: a copy of the cookie opens nothing any more.',
  permission: null,
  credentials: 'session',
  answer: {
    status: 200,
    description: 'There is no session any more.',
    schema: z.strictObject({ signedOut: z.literal(true) }),
    example: { signedOut: true },
  },
  problems: ['foreign_origin', 'sign_in_off'],
  async answerTo({ request, address, setCookies }, deps) {
    const signIn = requireSignIn(deps)
    requireOwnPage(request, signIn)
    setCookies(await signIn.people.signOut({ headers: request.headers, address }))
    return { signedOut: true as const }
  },
})
