import { z } from '@hono/zod-openapi'
import { notFound } from '../../control/problem.ts'
import { openRoute } from '../../control/route.ts'
import { id } from '../../control/schemas.ts'
import { requireSession, requireSignIn } from '../../sign-in/guard.ts'
import { sessionSchema } from './schemas.ts'

const sessionExample = {
  id: 'ses_01kahrp6e9m2x4c6v8b1n3k5j7',
  createdAt: '2026-11-20T08:00:00.000Z',
  expiresAt: '2026-11-27T08:00:00.000Z',
  address: '192.0.2.1',
  userAgent: 'Mozilla/5.0',
  current: true,
}

export const listSessionsRoute = openRoute({
  operationId: 'listSessions',
  method: 'get',
  path: '/api/auth/sessions',
  tag: 'Sign-in',
  summary: 'Where you are signed in',
  permission: null,
  credentials: 'session',
  answer: {
    status: 200,
    description: 'Your sessions.',
    schema: z.strictObject({ sessions: z.array(sessionSchema) }),
    example: { sessions: [sessionExample] },
  },
  problems: ['not_signed_in', 'sign_in_off'],
  async answerTo({ request }, deps) {
    const signIn = requireSignIn(deps)
    const { person, session } = await requireSession(request, signIn)
    const sessions = await signIn.people.sessions(person.id)
    return {
      sessions: sessions.map(({ id, createdAt, expiresAt, address, userAgent }) => ({
        ...{ id, createdAt: createdAt.toISOString(), expiresAt: expiresAt.toISOString(), address, userAgent },
        current: id === session.id,
      })),
    }
  },
})

export const endSessionRoute = openRoute({
  operationId: 'endSession',
  method: 'post',
  path: '/api/auth/sessions/end',
  tag: 'Sign-in',
  summary: 'Sign out elsewhere',
  permission: null,
  credentials: 'session',
  body: z.strictObject({ session: id }).openapi('SessionToEnd'),
  bodyExample: { session: sessionExample.id },
  answer: {
    status: 200,
    description: 'The session opens nothing any more.',
    schema: z.strictObject({ session: z.string() }),
    example: { session: sessionExample.id },
  },
  problems: ['not_found', 'not_signed_in', 'foreign_origin', 'sign_in_off'],
  async answerTo({ request, body }, deps) {
    const signIn = requireSignIn(deps)
    const { person } = await requireSession(request, signIn)
    const { session } = await body()
    if (!(await signIn.people.endSession(person.id, session))) throw notFound('session')
    return { session }
  },
})
