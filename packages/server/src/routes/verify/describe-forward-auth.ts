import { z } from '@hono/zod-openapi'

/** Whatever the proxy asks with; those that proxies use. */
export const forwardAuthMethods = ['get', 'head', 'post'] as const

const text = (description: string) => z.string().optional().openapi({ description })
const header = (description: string) => ({ description, schema: { type: 'string' as const } })

/** Served beside the framework; its body and its refusals are the contract's, not this API's. */
export const forwardAuthDescription = {
  path: '/v1/forward-auth',
  tags: ['Verification'],
  summary: 'Whether a proxy may let a request through',
  description:
    'For nginx, Caddy, Traefik, Envoy and HAProxy. Takes no service key: `Authorization` and all other headers are those ' +
    "of the proxy's own caller. Answers proxies that are trusted (`--trusted-proxy`), and 403 to everybody else. What is " +
    'refused is answered in the words of the contract, with its own status; `?for=nginx` answers 401 or 403 instead and ' +
    'puts the real one into `X-Auth-Status`. A request whose namespace lies in its body is refused.',
  request: {
    query: z.object({
      for: z.enum(['nginx']).optional().openapi({ description: 'Only 2xx, 401 and 403 are answered.' }),
    }),
    headers: z.object({
      'X-Forwarded-Method': text('The method of the request; or `X-Original-Method`.'),
      'X-Forwarded-Uri': text('Its path and query; or `X-Original-URI`.'),
      'X-Forwarded-For': text('Whom the request came from.'),
    }),
  },
  responses: {
    200: {
      description: 'Let it through, with these headers in place of any that the caller has sent.',
      headers: {
        'X-Key-Id': header('`key_…`'),
        'X-Organization-Id': header('Of the key.'),
        'X-Project-Id': header('Where it is bound to one.'),
        'X-User-Id': header('Who made it, where a person did.'),
        'X-Permissions': header('What it may do, where that is limited.'),
        'X-Namespaces': header('What it reaches, where that is limited.'),
        'X-Triggered-By': header('`api`'),
        'X-Request-Id': header('Names this call in the log.'),
      },
    },
    401: {
      description: "The contract's refusal: no credential, or one that is not valid.",
      headers: { 'X-Auth-Status': header('The real status, with `?for=nginx`.') },
    },
    429: { description: "The contract's refusal: a limit is spent." },
    default: { description: "The contract's refusal, where it has another status for it." },
  },
}
