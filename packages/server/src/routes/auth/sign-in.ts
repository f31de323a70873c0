import { z } from '@hono/zod-openapi'
import { Problem } from '../../control/problem.ts'
import { openRoute } from '../../control/route.ts'
import { countAttempt, signInBounds } from '../../sign-in/attempts.ts'
import { requireOwnPage, requireSignIn } from '../../sign-in/guard.ts'
import { longestPassword, type People, type Visit } from '../../sign-in/people.ts'
import type { SignIn } from '../../sign-in/sign-in.ts'
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
    const admitted = await signInWithin(signIn, input, { headers: request.headers, address }, deps.lifecycle.now())
    if (!admitted) throw new Problem('sign_in_failed')
    setCookies(admitted.cookies)
    return 'person' in admitted ? { person: personView(admitted.person) } : { secondFactor: true as const }
  },
})

/** Counts those that fail. @throws Problem `too_many_attempts`, or `unavailable` */
export async function signInWithin(
  { attempts, people }: Pick<SignIn, 'attempts' | 'people'>,
  input: { email: string; password: string },
  visit: Visit,
  now: Date,
): ReturnType<People['signIn']> {
  const bounds = signInBounds(input.email, visit.address)
  await countAttempt(attempts, bounds, now)
  const takeBack = async () => {
    for (const { name } of bounds) await attempts.uncount(name)
  }
  const admitted = await people.signIn(input, visit).catch(async (error: unknown) => {
    // Turned away before the password was looked at, who comes again as they were told is not to be kept out for that.
    if (error instanceof Problem) await takeBack()
    throw error
  })
  // Each first step lets codes be guessed, side by side with all others: it counts until the second is done.
  if (admitted && 'person' in admitted) await takeBack()
  return admitted
}

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
