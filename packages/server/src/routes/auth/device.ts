import { z } from '@hono/zod-openapi'
import { invalid } from '../../control/problem.ts'
import { openRoute } from '../../control/route.ts'
import { time } from '../../control/schemas.ts'
import { validatedQuery } from '../../control/validation.ts'
import { readUserCode } from '../../sign-in/device/flow.ts'
import type { DeviceLogin } from '../../sign-in/device/login.ts'
import { refuseOtherSite, refusePortalPerson, requireSession, requireSignIn } from '../../sign-in/guard.ts'

const loginSchema = z
  .strictObject({
    client: z.string().openapi({ description: 'What it calls itself. Nothing proves it.' }),
    device: z.string().nullable(),
    scope: z.string().nullable(),
    address: z.string().nullable().openapi({ description: 'Where the login was started.' }),
    startedAt: time,
    expiresAt: time,
    state: z.enum(['pending', 'approved', 'denied', 'redeemed']),
    may: z.string().openapi({ description: 'What it can do once approved, in words.' }),
  })
  .openapi('DeviceLogin')

const loginExample = {
  client: 'keywright',
  device: 'ann-laptop',
  scope: null,
  address: '192.0.2.1',
  startedAt: '2026-11-20T08:00:00.000Z',
  expiresAt: '2026-11-20T08:10:00.000Z',
  state: 'pending' as const,
  may: 'Everything that you may do, for 90 days or until you revoke it.',
}

const query = z.strictObject({ user_code: z.string().min(1).max(32) })

const problems = [
  'not_found',
  'not_signed_in',
  'permission_missing',
  'device_code_not_yours',
  'too_many_attempts',
  'foreign_origin',
  'sign_in_off',
] as const

export const viewDeviceLoginRoute = openRoute({
  operationId: 'viewDeviceLogin',
  method: 'get',
  path: '/api/auth/device',
  tag: 'Sign-in',
  summary: 'Look at a login that waits for you',
  description: 'From then on only this session can decide about it. Five wrong codes are allowed in ten minutes.',
  permission: null,
  credentials: 'session',
  query,
  answer: { status: 200, description: 'What asks, and from where.', schema: loginSchema, example: loginExample },
  problems,
  async answerTo({ request }, deps) {
    const signIn = requireSignIn(deps)
    const by = await requireSession(request, signIn)
    // Looking counts wrong codes and binds the login to the session: a link on another site is to do neither.
    refuseOtherSite(request)
    refusePortalPerson(by.person)
    const { user_code: typed } = validatedQuery(query, new URL(request.url).searchParams)
    return loginView(await signIn.device.view(codeFrom(typed, 'user_code'), by))
  },
})

export const approveDeviceRoute = decisionRoute('approve', 'approved', 'Let it in')
export const denyDeviceRoute = decisionRoute('deny', 'denied', 'Turn it away')

function decisionRoute(verb: 'approve' | 'deny', decision: 'approved' | 'denied', summary: string) {
  return openRoute({
    operationId: `${verb}Device`,
    method: 'post',
    path: `/api/auth/device/${verb}`,
    tag: 'Sign-in',
    summary,
    permission: null,
    credentials: 'session',
    body: z.strictObject({ userCode: z.string().min(1).max(32) }).openapi('UserCode'),
    bodyExample: { userCode: 'BCDF-GHJK' },
    answer: {
      status: 200,
      description: 'It is decided.',
      schema: loginSchema,
      example: { ...loginExample, state: decision },
    },
    problems,
    async answerTo({ request, body }, deps) {
      const signIn = requireSignIn(deps)
      const by = await requireSession(request, signIn)
      refusePortalPerson(by.person)
      const { userCode } = await body()
      return loginView(await signIn.device.decide(codeFrom(userCode, 'userCode'), by, decision))
    },
  })
}

/** What cannot be a code is a typing error and no guess. */
function codeFrom(typed: string, field: string): string {
  const code = readUserCode(typed)
  if (code !== null) return code
  throw invalid([{ field, message: 'must be the eight letters that were shown where you log in' }])
}

function loginView({ client, device, scope, address, createdAt, expiresAt, state }: DeviceLogin) {
  return {
    ...{ client, device, scope, address, state },
    startedAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    may: loginExample.may,
  }
}
