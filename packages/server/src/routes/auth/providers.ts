import { z } from '@hono/zod-openapi'
import { notFound } from '../../control/problem.ts'
import { openRoute } from '../../control/route.ts'
import { countAttempt, passkeyBounds } from '../../sign-in/attempts.ts'
import { requireOwnPage, requireSession, requireSignIn } from '../../sign-in/guard.ts'
import { invitationToken } from './schemas.ts'

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
    return { providers: [...requireSignIn(deps).providers.list] }
  },
})

export const startProviderRoute = openRoute({
  operationId: 'startProvider',
  method: 'post',
  path: '/api/auth/sign-in/provider',
  tag: 'Sign-in',
  summary: 'Sign in with an account elsewhere (OpenID Connect)',
  description:
    'Within ten minutes, in the same browser. `link` links it with the account one is signed in with instead.',
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
  problems: ['not_found', 'not_signed_in', 'foreign_origin', 'too_many_attempts', 'sign_in_off'],
  async answerTo({ request, address, body, setCookies }, deps) {
    const signIn = requireSignIn(deps)
    requireOwnPage(request, signIn)
    const { provider, to, invitation = null, link } = await body()
    const now = deps.lifecycle.now()
    await countAttempt(signIn.attempts, passkeyBounds(address), now)
    const person = link ? (await requireSession(request, signIn)).person.id : null
    const started = await signIn.providers.start(provider, { to, invitation, person }, now)
    if (!started) throw notFound('provider')
    setCookies([started.cookie])
    return { location: started.location }
  },
})
