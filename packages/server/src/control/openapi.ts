import { OpenAPIHono, z } from '@hono/zod-openapi'
import { routes } from '../routes/index.ts'
import { foreignKeySchema } from '../routes/keys/import.ts'
import { verifyDescription } from '../routes/verify/describe.ts'
import { forwardAuthDescription, forwardAuthMethods } from '../routes/verify/describe-forward-auth.ts'
import { announceAbsentMembers } from './absent-members.ts'
import { type ProblemCode, problems } from './problems.ts'
import type { Route } from './route.ts'

const problemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().openapi({ description: 'Stable; see spec/problems.json.' }),
    detail: z.string(),
    errors: z
      .array(z.strictObject({ field: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: 'What is wrong with which member.' }),
    requestId: z.string(),
  })
  .openapi('Problem', { description: 'RFC 9457.' })

const securitySchemes = {
  serviceKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'A service key, `kwo_…`, or the one the server was started with; it needs the permission.',
  },
  cliToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'The CLI token of a person, `kwc_…`, within their role.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-keywright.session_token',
    description:
      'The session of a person, within their role; without TLS the cookie is `keywright.session_token`. What changes ' +
      "something needs an Origin that is the console's.",
  },
  apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, about itself.' },
} as const

const managing = [{ serviceKey: [] }, { cliToken: [] }, { session: [] }]

/** OpenAPI 3.1 of the management API, from the same table that serves it. */
export function openapiDocument() {
  const { openAPIRegistry: registry, getOpenAPI31Document } = new OpenAPIHono()
  for (const [name, scheme] of Object.entries(securitySchemes)) {
    registry.registerComponent('securitySchemes', name, scheme)
  }
  for (const code of Object.keys(problems) as ProblemCode[]) {
    registry.registerComponent('examples', code, { value: exampleOf(code) })
  }
  announceAbsentMembers(foreignKeySchema)
  registry.register('ForeignKey', foreignKeySchema)
  for (const route of routes) {
    announceAbsentMembers(route.body)
    announceAbsentMembers(route.answer.schema)
    registry.registerPath(pathOf(route))
  }
  registry.registerPath(verifyPath())
  for (const method of forwardAuthMethods) registry.registerPath(forwardAuthPath(method))
  return getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Keywright management API',
      version: '1',
      description: 'Organizations, projects, keys and the record of what was done with them.',
      license: { name: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The control side of this instance.' }],
  })
}

function verifyPath() {
  const { answer, ...description } = verifyDescription
  const codes: ProblemCode[] = [
    ...(['missing_credential', 'repeated_credential', 'invalid_credential', 'permission_missing'] as const),
    ...(['malformed_body', 'payload_too_large', 'unsupported_media_type', 'invalid_request'] as const),
    ...(['internal_error', 'unavailable'] as const),
  ]
  return {
    ...description,
    security: [{ serviceKey: [] }],
    responses: { 200: success('The verdict.', answer), ...problemResponses(codes) },
  }
}

function forwardAuthPath(method: (typeof forwardAuthMethods)[number]) {
  const { responses, ...description } = forwardAuthDescription
  const problems = problemResponses(['untrusted_peer', 'unavailable'])
  return {
    ...description,
    method,
    operationId: `forwardAuth${method === 'get' ? '' : `By${method[0]?.toUpperCase()}${method.slice(1)}`}`,
    security: [],
    responses: { ...responses, ...problems },
  }
}

function pathOf(route: Route) {
  const { operationId, method, path, tag, summary, description, answer } = route
  return {
    operationId,
    method,
    path,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: securityOf(route),
    request: requestOf(route),
    responses: {
      [answer.status]: success(answer.description, answer),
      ...problemResponses(codesOf(route)),
    },
  }
}

function success(description: string, { schema, example }: { schema: z.ZodType; example: unknown }) {
  return {
    description,
    headers: { 'X-Request-Id': { description: 'Names this call in the log.', schema: { type: 'string' as const } } },
    content: { 'application/json': { schema, example } },
  }
}

function securityOf(route: Route): Partial<Record<keyof typeof securitySchemes, string[]>>[] {
  if (route.permission !== null) return managing
  if (route.credentials === 'any') return [...managing, { apiKey: [] }]
  return route.credentials === 'session' ? [{ session: [] }] : []
}

function requestOf(route: Route) {
  const { path, query, body, bodyExample, bodyOptional } = route
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
  return {
    ...(names.length > 0 && { params: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))) }),
    ...(query && { query: query as z.ZodObject }),
    ...(isRepeatable(route) && {
      headers: z.object({
        'Idempotency-Key': z.string().max(255).optional().openapi({
          description:
            'Makes the call safe to repeat for 24 hours: repeated, it changes nothing but secrets it answered.',
        }),
      }),
    }),
    ...(body && {
      body: {
        required: !bodyOptional,
        content: { 'application/json': { schema: body, example: bodyExample } },
      },
    }),
  }
}

/** With an `Idempotency-Key`. */
function isRepeatable({ method, permission }: Route): boolean {
  return method === 'post' && permission !== null
}

/** What any such route can answer, and what this one can beside. */
function codesOf(route: Route): ProblemCode[] {
  const { body, query, method, problems: own } = route
  const isGuarded = route.permission !== null
  const isChange = isGuarded && method !== 'get'
  const looksAtCredentials = isGuarded || route.credentials === 'any'
  return [
    ...(looksAtCredentials ? (['missing_credential', 'repeated_credential', 'invalid_credential'] as const) : []),
    ...(isGuarded ? (['wrong_credential_type', 'permission_missing'] as const) : []),
    ...(isChange ? (['role_missing', 'foreign_origin'] as const) : []),
    // What a guarded route does not take is refused, not passed over.
    ...(body || query || isGuarded ? (['invalid_request'] as const) : []),
    // Each is read before it is known whether anything is to be taken from it.
    ...(method !== 'get' ? (['malformed_body', 'payload_too_large'] as const) : []),
    ...(body || isChange ? (['unsupported_media_type'] as const) : []),
    ...(isRepeatable(route)
      ? (['idempotency_running', 'idempotency_superseded', 'idempotency_mismatch'] as const)
      : []),
    ...own,
    'internal_error',
    'unavailable',
  ]
}

/** One response for each status; its codes are the names of its examples. */
function problemResponses(codes: readonly ProblemCode[]) {
  const statuses = [...new Set(codes.map((code) => problems[code].status))].sort((a, b) => a - b)
  return Object.fromEntries(
    statuses.map((status) => {
      const members = [...new Set(codes)].filter((code) => problems[code].status === status)
      return [
        status,
        {
          description: members.map((code) => problems[code].title).join('; '),
          content: {
            'application/problem+json': {
              schema: problemSchema,
              examples: Object.fromEntries(members.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
            },
          },
        },
      ]
    }),
  )
}

function exampleOf(code: ProblemCode) {
  const { title, status, cause, mend } = problems[code]
  return { type: `urn:keywright:problem:${code}`, title, status, code, detail: `${cause} ${mend}`, requestId: 'req_7' }
}
