import { z } from '@hono/zod-openapi'
import { type Allowed, type Contract, monthlyQuotaOf, monthOf } from '@keywright/core'
import { readBearer } from '../../access/bearer.ts'
import { type Caller, challenge, identify, refusalOf } from '../../access/caller.ts'
import { isCliToken } from '../../access/cli-token-format.ts'
import { placesOf } from '../../access/places.ts'
import type { ControlDeps } from '../../control/deps.ts'
import { accessOf } from '../../control/mount.ts'
import { openRoute } from '../../control/route.ts'
import { time, timeOf } from '../../control/schemas.ts'
import { servicePermission } from '../service-keys/view.ts'
import { limitState } from '../verify/describe.ts'

const serviceKeySchema = z
  .strictObject({
    type: z.literal('service_key'),
    id: z.string(),
    name: z.string(),
    permissions: z.array(servicePermission),
    organization: z.string().nullable(),
  })
  .openapi('WhoamiServiceKey')

const personSchema = z
  .strictObject({
    type: z.literal('user'),
    id: z.string(),
    email: z.string(),
    name: z.string(),
    operator: z.boolean().openapi({ description: 'Runs this instance.' }),
    organizations: z.array(
      z.strictObject({ id: z.string(), name: z.string(), role: z.enum(['owner', 'admin', 'member']) }),
    ),
    signedInBy: z.enum(['session', 'cli_token']),
  })
  .openapi('WhoamiPerson')

const apiKeySchema = z
  .strictObject({
    type: z.literal('api_key'),
    id: z.string(),
    name: z.string(),
    hint: z.string(),
    organization: z.string(),
    project: z.string().nullable(),
    user: z.string().nullable(),
    kind: z.string(),
    environment: z.string(),
    permissions: z.array(z.string()).nullable(),
    namespaces: z.array(z.string()).nullable(),
    limits: z.array(limitState),
    monthlyQuota: z
      .strictObject({ requests: z.int(), remaining: z.int(), resetAt: time })
      .nullable()
      .openapi({ description: 'Of its organization; null: unlimited.' }),
    expiresAt: time.nullable(),
    retiresAt: time.nullable().openapi({ description: 'This secret has been rotated and stops working then.' }),
  })
  .openapi('WhoamiApiKey')

export const whoamiRoute = openRoute({
  operationId: 'whoami',
  method: 'get',
  path: '/v1/whoami',
  tag: 'Who am I',
  summary: 'Who a credential is',
  description:
    'Takes a service key, a CLI token, a session, or an API key where its contract puts it or as Bearer. Spends nothing of its limits.',
  permission: null,
  credentials: 'any',
  answer: {
    status: 200,
    description: 'The credential itself, never its secret.',
    schema: z.union([serviceKeySchema, personSchema, apiKeySchema]),
    example: {
      type: 'service_key',
      id: 'configured',
      name: 'KEYWRIGHT_SERVICE_KEY',
      permissions: ['*'],
      organization: null,
    },
  },
  problems: [],
  async answerTo({ request, headers }, deps) {
    const bearer = readBearer(headers.get('authorization'))
    if ('token' in bearer) {
      if (isCliToken(bearer.token)) return personView(await identify(request, accessOf(deps)), deps)
      const principal = await deps.serviceKeys.authenticate(bearer.token)
      if (principal) return { type: 'service_key' as const, ...principal, permissions: [...principal.permissions] }
    } else if (!headers.has('authorization') && (await deps.signIn?.sessions.of(request))) {
      return personView(await identify(request, accessOf(deps)), deps)
    }
    return apiKeyView(await authenticate(headers, bearer, deps), deps)
  },
})

async function personView({ person, permissions, triggeredBy }: Caller, { lifecycle: { store } }: ControlDeps) {
  if (!person) throw challenge('invalid_credential')
  const places = await placesOf(store, person.id)
  const organizations = await Promise.all(
    [...places].map(async ([id, role]) => ({ id, name: (await store.organization(id))?.name ?? id, role })),
  )
  return {
    type: 'user' as const,
    ...{ id: person.id, email: person.email, name: person.name },
    operator: permissions.includes('*'),
    organizations,
    signedInBy: triggeredBy === 'cli' ? ('cli_token' as const) : ('session' as const),
  }
}

/** Where the contract looks for keys, and only where it finds none there, as Bearer. */
async function authenticate(
  headers: Headers,
  bearer: ReturnType<typeof readBearer>,
  { verifier, lifecycle: { contract } }: ControlDeps,
): Promise<Allowed> {
  const asked = new Headers(headers)
  // To a contract that takes the field's whole value for a key, one with a scheme before it would be malformed.
  if ('token' in bearer && takesBareValue(contract)) asked.set('authorization', bearer.token)
  let outcome = await verifier.peek({ headers: asked })
  if (!outcome.allowed && outcome.reason === 'missing_credential') {
    if ('problem' in bearer) throw refusalOf(bearer.problem)
    outcome = await verifier.peek({ credential: bearer.token })
  }
  if (outcome.allowed) return outcome
  const repeated = outcome.reason === 'repeated_credential' || outcome.reason === 'conflicting_credentials'
  throw repeated ? refusalOf('repeated') : challenge('invalid_credential')
}

function takesBareValue({ credential }: Contract): boolean {
  return credential.sources.some(
    (source) => 'header' in source && source.header.toLowerCase() === 'authorization' && source.scheme === undefined,
  )
}

/** What an organization has left of its month. */
async function monthlyQuotaLeft(id: string, { lifecycle: { store, contract, now }, usage }: ControlDeps) {
  const organization = await store.organization(id)
  const requests = organization ? monthlyQuotaOf(contract, organization) : null
  if (requests === null) return null
  const at = now()
  const used = await usage.month(id, at)
  const resetAt = new Date(monthOf(at).endMs).toISOString()
  return { requests, remaining: Math.max(0, requests - used), resetAt }
}

async function apiKeyView({ principal, limits, retiresAt }: Allowed, deps: ControlDeps) {
  const { lifecycle } = deps
  const key = principal && (await lifecycle.store.key(principal.key))
  if (!key) throw challenge('invalid_credential')
  const { organization, project, user, kind, environment, permissions, namespaces } = principal
  return {
    type: 'api_key' as const,
    id: key.id,
    name: key.name,
    hint: key.versions.find(({ number }) => number === principal.version)?.hint ?? '…',
    organization,
    project,
    user,
    kind,
    environment,
    permissions: permissions && [...permissions],
    namespaces: namespaces && [...namespaces],
    limits: limits.map(({ limit, remaining, resetAt }) => ({
      ...limit,
      remaining,
      resetAt: new Date(resetAt).toISOString(),
    })),
    monthlyQuota: await monthlyQuotaLeft(organization, deps),
    expiresAt: timeOf(key.expiresAt),
    retiresAt: timeOf(retiresAt),
  }
}
