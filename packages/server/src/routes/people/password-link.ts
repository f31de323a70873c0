import { z } from '@hono/zod-openapi'
import { notFound } from '../../control/problem.ts'
import { requireWholeInstance } from '../../control/reach.ts'
import { route } from '../../control/route.ts'
import { time } from '../../control/schemas.ts'
import { requireSignIn } from '../../sign-in/guard.ts'
import { passwordLink } from '../../sign-in/sign-in.ts'
import { email } from '../auth/schemas.ts'

/** OWASP ASVS 6.5.5, as for whatever is handed over out of band. */
export const passwordLinkSeconds = 600

export const createPasswordLinkRoute = route({
  operationId: 'createPasswordLink',
  method: 'post',
  path: '/v1/people/password-links',
  tag: 'Operators',
  summary: 'Let a person who has forgotten the password set a new one',
  description: 'Whoever opens the link becomes that person: hand it over in a way that reaches nobody else.',
  permission: '*',
  body: z.strictObject({ email }).openapi('NewPasswordLink'),
  bodyExample: { email: 'ann@example.com' },
  answer: {
    status: 201,
    description: 'A link that works once, for ten minutes.',
    schema: z.strictObject({ email: z.string(), link: z.string(), expiresAt: time }).openapi('PasswordLink'),
    example: {
      email: 'ann@example.com',
      link: 'https://keys.example.com/reset-password#<shown once>',
      expiresAt: '2026-11-20T08:10:00.000Z',
    },
  },
  problems: ['not_found', 'sign_in_off'],
  async handle({ body, caller, actor, lifecycle, deps }) {
    requireWholeInstance(caller)
    const { people, consoleUrl } = requireSignIn(deps)
    const person = await people.findByEmail(body.email)
    if (!person) throw notFound('account')
    const at = lifecycle.now()
    const expiresAt = new Date(at.getTime() + passwordLinkSeconds * 1000)
    // Written down first: nobody gets into an account without a trace.
    await lifecycle.store.transact(async (transaction) => {
      const place = { organization: null, target: person.id }
      const details = { expiresAt: expiresAt.toISOString() }
      transaction.record({ action: 'person.password_link_created', ...place, actor, at, details })
    })
    const token = await people.passwordToken(person.id, expiresAt, 'handedOut')
    const link = passwordLink(consoleUrl(), token)
    return { email: person.email, link, expiresAt: expiresAt.toISOString() }
  },
})
