import { z } from '@hono/zod-openapi'
import type { Lifecycle } from '@keywright/core'
import type { ControlParts } from '../../control/deps.ts'
import { Problem } from '../../control/problem.ts'
import { type OpenCall, openRoute } from '../../control/route.ts'
import { countAttempt, signInBounds } from '../../sign-in/attempts.ts'
import { requireOwnPage, requireSession, requireSignIn } from '../../sign-in/guard.ts'
import { longestPassword, type Person, type Visit } from '../../sign-in/people.ts'
import type { SecondFactor } from '../../sign-in/second-factor.ts'
import { actorOfPerson, personView, signedInAnswer } from './schemas.ts'

const code = z.string().regex(/^\d{6}$/, 'must be the six digits that the app shows')
const proof = z.strictObject({ password: z.string().min(1).max(longestPassword) }).openapi('PasswordProof')
const proofExample = { password: 'correct horse battery staple' }
const problems = ['not_signed_in', 'foreign_origin', 'sign_in_failed', 'too_many_attempts', 'sign_in_off'] as const
const state = z.strictObject({ enabled: z.boolean() })
const recoveryCodes = z
  .array(z.string())
  .openapi({ description: 'Each works once. Shown in this answer and never again.' })
const recoveryExample = ['k3Qzw-81mPv', 'Rt5nB-Xc02s']

type PasswordCall = OpenCall<z.output<typeof proof>>
type Ask<T> = (secondFactor: SecondFactor, password: string, visit: Visit, person: Person) => Promise<T | null>

/**
 * Of whoever is signed in, with the password given once more; asking for it is no way of finding it out.
 * @throws Problem
 */
async function withPassword<T>({ request, address, body }: PasswordCall, deps: ControlParts, ask: Ask<T>) {
  const signIn = requireSignIn(deps)
  const { person } = await requireSession(request, signIn)
  const { password } = await body()
  const bounds = signInBounds(person.email, address)
  await countAttempt(signIn.attempts, bounds, deps.lifecycle.now())
  const answered = await ask(signIn.people.secondFactor, password, { headers: request.headers, address }, person)
  if (answered === null) throw new Problem('sign_in_failed', 'The password is another one.')
  for (const { name } of bounds) await signIn.attempts.uncount(name)
  return { person, answered }
}

async function record(
  { store, now }: Lifecycle,
  action: 'person.second_factor_enabled' | 'person.second_factor_disabled' | 'person.recovery_codes_renewed',
  person: Person,
  from: { address: string | null; requestId: string },
): Promise<void> {
  await store.transact(async (transaction) => {
    const actor = actorOfPerson(person, from)
    transaction.record({ action, organization: null, target: person.id, actor, at: now(), details: {} })
  })
}

export const getSecondFactorRoute = openRoute({
  operationId: 'getSecondFactor',
  method: 'get',
  path: '/api/auth/second-factor',
  tag: 'Sign-in',
  summary: 'Whether your password needs a code beside it',
  permission: null,
  credentials: 'session',
  answer: { status: 200, description: 'Whether it is on.', schema: state, example: { enabled: true } },
  problems: ['not_signed_in', 'sign_in_off'],
  async answerTo({ request }, deps) {
    const { person } = await requireSession(request, requireSignIn(deps))
    return { enabled: person.hasSecondFactor }
  },
})

export const enrolSecondFactorRoute = openRoute({
  operationId: 'enrolSecondFactor',
  method: 'post',
  path: '/api/auth/second-factor/enrol',
  tag: 'Sign-in',
  summary: 'Get a secret for an authenticator app',
  description: 'Nothing changes until a code of the app confirms it. TOTP: RFC 6238, six digits, 30 seconds.',
  permission: null,
  credentials: 'session',
  body: proof,
  bodyExample: proofExample,
  answer: {
    status: 200,
    description: 'What the app reads, and what to keep for when it is lost.',
    schema: z
      .strictObject({
        uri: z.string().openapi({ description: 'For a QR code: `otpauth://totp/…`.' }),
        secret: z.string().openapi({ description: 'The same to type in.' }),
        recoveryCodes,
      })
      .openapi('SecondFactorEnrolment'),
    example: {
      uri: 'otpauth://totp/Keywright:ann%40example.com?secret=<shown once>&issuer=Keywright',
      secret: '<shown once>',
      recoveryCodes: recoveryExample,
    },
  },
  problems: [...problems, 'conflict'],
  async answerTo(call, deps) {
    const { answered } = await withPassword(call, deps, (secondFactor, password, visit) =>
      secondFactor.enrol(password, visit),
    )
    if (answered === 'enrolled') throw new Problem('conflict', 'There is a second factor already. Turn it off first.')
    return answered
  },
})

const begunElsewhere =
  'This secret was made under another KEYWRIGHT_SECRET, and no code of it can be checked. Begin anew.'

export const confirmSecondFactorRoute = openRoute({
  operationId: 'confirmSecondFactor',
  method: 'post',
  path: '/api/auth/second-factor/confirm',
  tag: 'Sign-in',
  summary: 'Turn the second factor on with a code of the app',
  permission: null,
  credentials: 'session',
  body: z.strictObject({ code }).openapi('SecondFactorCode'),
  bodyExample: { code: '123456' },
  answer: {
    status: 200,
    description: 'From now on signing in with the password asks for a code.',
    schema: state,
    example: { enabled: true },
  },
  problems,
  async answerTo({ request, address, requestId, body, setCookies }, deps) {
    const signIn = requireSignIn(deps)
    const { person } = await requireSession(request, signIn)
    const given = await body()
    const bounds = signInBounds(person.email, address)
    await countAttempt(signIn.attempts, bounds, deps.lifecycle.now())
    const cookies = await signIn.people.secondFactor.confirm(given.code, { headers: request.headers, address })
    if (cookies === 'unreadable') throw new Problem('sign_in_failed', begunElsewhere)
    if (!cookies) throw new Problem('sign_in_failed', 'That is not the code the app shows now. Check its clock.')
    for (const { name } of bounds) await signIn.attempts.uncount(name)
    setCookies(cookies)
    if (!person.hasSecondFactor)
      await record(deps.lifecycle, 'person.second_factor_enabled', person, { address, requestId })
    return { enabled: true }
  },
})

export const renewRecoveryCodesRoute = openRoute({
  operationId: 'renewRecoveryCodes',
  method: 'post',
  path: '/api/auth/second-factor/recovery-codes',
  tag: 'Sign-in',
  summary: 'Get new recovery codes in place of the old ones',
  permission: null,
  credentials: 'session',
  body: proof,
  bodyExample: proofExample,
  answer: {
    status: 200,
    description: 'The old ones open nothing.',
    schema: z.strictObject({ recoveryCodes }).openapi('RecoveryCodes'),
    example: { recoveryCodes: recoveryExample },
  },
  problems: [...problems, 'conflict'],
  async answerTo(call, deps) {
    const { person, answered } = await withPassword(
      call,
      deps,
      (secondFactor, password, visit, { hasSecondFactor }) => {
        if (!hasSecondFactor) throw new Problem('conflict', 'There is no second factor. Turn one on first.')
        return secondFactor.newRecoveryCodes(password, visit)
      },
    )
    await record(deps.lifecycle, 'person.recovery_codes_renewed', person, call)
    return { recoveryCodes: [...answered] }
  },
})

export const disableSecondFactorRoute = openRoute({
  operationId: 'disableSecondFactor',
  method: 'post',
  path: '/api/auth/second-factor/disable',
  tag: 'Sign-in',
  summary: 'Turn the second factor off',
  permission: null,
  credentials: 'session',
  body: proof,
  bodyExample: proofExample,
  answer: {
    status: 200,
    description: 'The password alone signs in; secret and recovery codes are gone.',
    schema: state,
    example: { enabled: false },
  },
  problems,
  async answerTo(call, deps) {
    const { person, answered } = await withPassword(call, deps, (secondFactor, password, visit) =>
      secondFactor.disable(password, visit),
    )
    call.setCookies(answered)
    if (person.hasSecondFactor) await record(deps.lifecycle, 'person.second_factor_disabled', person, call)
    return { enabled: false }
  },
})

const unreadable =
  'Your second factor was set up under another KEYWRIGHT_SECRET, and no code of it can be checked. Ask an operator to turn it off.'

export const finishSignInRoute = openRoute({
  operationId: 'finishSignIn',
  method: 'post',
  path: '/api/auth/sign-in/second-factor',
  tag: 'Sign-in',
  summary: 'The second step of signing in',
  description:
    'Within ten minutes of the first, in the same browser, with at most five wrong codes. A code works once.',
  permission: null,
  credentials: 'none',
  body: z
    .union([z.strictObject({ code }), z.strictObject({ recoveryCode: z.string().min(1).max(32) })])
    .openapi('SecondStep'),
  bodyExample: { code: '123456' },
  answer: signedInAnswer,
  problems: ['sign_in_failed', 'foreign_origin', 'too_many_attempts', 'sign_in_off'],
  async answerTo({ request, address, body, setCookies }, deps) {
    const signIn = requireSignIn(deps)
    requireOwnPage(request, signIn)
    const { attempts, people } = signIn
    const admitted = await people.secondFactor.finish(await body(), { headers: request.headers, address })
    if (admitted === 'locked') throw new Problem('too_many_attempts', undefined, { headers: { 'retry-after': '900' } })
    if (admitted === 'unreadable') throw new Problem('sign_in_failed', unreadable)
    if (!admitted) {
      throw new Problem('sign_in_failed', 'The code is wrong or used, or the first step is over. Sign in again.')
    }
    for (const { name } of signInBounds(admitted.person.email, address)) await attempts.uncount(name)
    setCookies(admitted.cookies)
    return { person: personView(admitted.person) }
  },
})
