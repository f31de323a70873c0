import { z } from '@hono/zod-openapi'
import { revokeCliTokensIn } from '../../access/cli-token-lifecycle.ts'
import { Problem } from '../../control/problem.ts'
import { openRoute } from '../../control/route.ts'
import { countAttempt, forgottenBounds, invitationBounds, signInBounds } from '../../sign-in/attempts.ts'
import { refusePortalPerson, requireOwnPage, requireSession, requireSignIn } from '../../sign-in/guard.ts'
import { longestPassword } from '../../sign-in/people.ts'
import { passwordLink } from '../../sign-in/sign-in.ts'
import { passwordLinkSeconds } from '../people/password-link.ts'
import { actorOfPerson, email, password, personExample, personSchema, personView } from './schemas.ts'

export const changePasswordRoute = openRoute({
  operationId: 'changePassword',
  method: 'post',
  path: '/api/auth/password',
  tag: 'Sign-in',
  summary: 'Change your password',
  description: 'Ends every other session and every login from a terminal.',
  permission: null,
  credentials: 'session',
  body: z.strictObject({ current: z.string().min(1).max(longestPassword), password }).openapi('PasswordChange'),
  bodyExample: { current: 'correct horse battery staple', password: 'a better one than that' },
  answer: {
    status: 200,
    description: 'From now on the new one counts; the session is in the cookie.',
    schema: z.strictObject({ person: personSchema }),
    example: { person: personExample },
  },
  problems: [
    'sign_in_failed',
    'not_signed_in',
    'permission_missing',
    'foreign_origin',
    'too_many_attempts',
    'sign_in_off',
  ],
  async answerTo({ request, address, requestId, body, setCookies }, deps) {
    const signIn = requireSignIn(deps)
    const { person } = await requireSession(request, signIn)
    refusePortalPerson(person)
    const input = await body()
    const { attempts, people } = signIn
    const bounds = signInBounds(person.email, address)
    const { store, now } = deps.lifecycle
    await countAttempt(attempts, bounds, now())
    const actor = actorOfPerson(person, { address, requestId })
    const revoke = () => store.transact((transaction) => revokeCliTokensIn(transaction, actor, person.id, now()))
    // First: cut short, it leaves the old password and not the old terminals.
    const cookies = await people.changePassword(input, { headers: request.headers, address }, revoke)
    if (!cookies) throw new Problem('sign_in_failed', 'The current password is another one.')
    for (const { name } of bounds) await attempts.uncount(name)
    // Those that were allowed meanwhile.
    await revoke()
    setCookies(cookies)
    return { person: personView(person) }
  },
})

export const forgotPasswordRoute = openRoute({
  operationId: 'forgotPassword',
  method: 'post',
  path: '/api/auth/password/forgot',
  tag: 'Sign-in',
  summary: 'Have a link sent for setting a new password',
  description:
    'Answers alike, and as fast, whether there is such an account or not. Where no mail is sent the link is in the log.',
  permission: null,
  credentials: 'none',
  body: z.strictObject({ email }).openapi('ForgottenPassword'),
  bodyExample: { email: 'ann@example.com' },
  answer: {
    status: 202,
    description: 'If there is such an account, a link is on its way. It works once, within ten minutes.',
    schema: z.strictObject({ byMail: z.boolean() }),
    example: { byMail: true },
  },
  problems: ['foreign_origin', 'too_many_attempts', 'sign_in_off'],
  async answerTo({ request, address, body }, deps) {
    const signIn = requireSignIn(deps)
    requireOwnPage(request, signIn)
    const { email } = await body()
    const at = deps.lifecycle.now()
    await countAttempt(signIn.attempts, forgottenBounds(email, address), at)
    const { letters, people, consoleUrl } = signIn
    letters.later(async () => {
      const person = await people.findByEmail(email)
      if (!person || person.disabledAt) return
      const expiresAt = new Date(at.getTime() + passwordLinkSeconds * 1000)
      const token = await people.passwordToken(person.id, expiresAt, 'forgotten')
      letters.passwordReset(person.email, passwordLink(consoleUrl(), token))
    })
    return { byMail: letters.byMail }
  },
})

export const resetPasswordRoute = openRoute({
  operationId: 'resetPassword',
  method: 'post',
  path: '/api/auth/password/reset',
  tag: 'Sign-in',
  summary: 'Set a new password by a link',
  description:
    'Ends every session and every login from a terminal. The first time, where nothing had proved the address, passkeys and accounts elsewhere go too; a second factor stays. Sign in afterwards.',
  permission: null,
  credentials: 'none',
  body: z
    .strictObject({
      token: z.string().min(1).max(128).openapi({ description: 'What follows # in the link.' }),
      password,
    })
    .openapi('PasswordReset'),
  bodyExample: { token: '<from the link>', password: 'a better one than that' },
  answer: {
    status: 200,
    description: 'The new password counts.',
    schema: z.strictObject({ person: personSchema }),
    example: { person: personExample },
  },
  problems: ['invitation_invalid', 'foreign_origin', 'too_many_attempts', 'sign_in_off'],
  async answerTo({ request, address, requestId, body }, deps) {
    const signIn = requireSignIn(deps)
    requireOwnPage(request, signIn)
    const { lifecycle } = deps
    await countAttempt(signIn.attempts, invitationBounds(address), lifecycle.now())
    // First, as where it is changed, and once more for those that were allowed meanwhile.
    const reset = await signIn.people.resetPassword(await body(), (id) =>
      lifecycle.store.transact((transaction) =>
        revokeCliTokensIn(transaction, actorOfPerson({ id }, { address, requestId }), id, lifecycle.now()),
      ),
    )
    if (!reset) throw new Problem('invitation_invalid', 'This link has been used or replaced, or has expired.')
    const { person, others } = reset
    const actor = actorOfPerson(person, { address, requestId })
    await lifecycle.store.transact(async (transaction) => {
      const at = lifecycle.now()
      await revokeCliTokensIn(transaction, actor, person.id, at)
      const place = { organization: null, target: person.id }
      transaction.record({ action: 'person.password_reset', ...place, actor, at, details: { otherWaysIn: others } })
    })
    return { person: personView(person) }
  },
})
