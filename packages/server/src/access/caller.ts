import {
  type Actor,
  type Contract,
  type CredentialFormat,
  LifecycleError,
  type MakersReach,
  permissionsOfRole,
  type Role,
  type ServicePermission,
  type Store,
  type TriggeredBy,
} from '@keywright/core'
import { Problem } from '../control/problem.ts'
import type { Person } from '../sign-in/people.ts'
import { readBearer } from './bearer.ts'
import { isCliToken } from './cli-token-format.ts'
import type { CliTokens } from './cli-tokens.ts'
import { placesOf } from './places.ts'
import type { ServiceKeys } from './service-keys.ts'
import type { Sessions } from './sessions.ts'

/** Who calls the control side, and how far that reaches. Nothing of it is ever taken from a body or a query. */
export interface Caller {
  type: 'service_key' | 'user'
  id: string
  name: string
  triggeredBy: TriggeredBy
  permissions: readonly ServicePermission[]
  /** Where it may act, and as what; null: everywhere. A service key bound to an organization acts as its owner. */
  places: ReadonlyMap<string, Role> | null
  /** What it asks for changes something. */
  changes: boolean
  /** null for a machine. */
  person: Person | null
  /** Id of the CLI token it came with; null: with something else. */
  cliToken: string | null
}

export interface Access {
  serviceKeys: ServiceKeys
  cliTokens: CliTokens
  /** null: people cannot sign in to this instance. */
  sessions: Sessions | null
  store: Pick<Store, 'operator' | 'members'>
  /** The form of API keys, which are told apart so that their holders learn what was wrong. */
  format: CredentialFormat
}

/**
 * The one place where a request becomes a caller. A credential in `Authorization` is the only one that counts; without
 * it, a session. @throws Problem
 */
export async function identify(
  { method, headers }: Pick<Request, 'method' | 'headers'>,
  access: Access,
): Promise<Caller> {
  const changes = method !== 'GET' && method !== 'HEAD'
  const bearer = readBearer(headers.get('authorization'))
  if ('problem' in bearer) {
    const signedIn = headers.has('authorization') ? null : await access.sessions?.of({ method, headers })
    if (!signedIn) throw refusalOf(bearer.problem)
    return { ...(await personally(signedIn.person, 'ui', access)), changes, cliToken: null }
  }
  if (isCliToken(bearer.token)) {
    const token = await access.cliTokens.authenticate(bearer.token)
    const person = token && (await access.sessions?.people.find(token.user))
    if (!person || person.disabledAt) throw challenge('invalid_credential')
    return { ...(await personally(person, 'cli', access)), changes, cliToken: token.id }
  }
  const principal = await access.serviceKeys.authenticate(bearer.token)
  if (!principal)
    throw challenge(access.format.parse(bearer.token) < 0 ? 'invalid_credential' : 'wrong_credential_type')
  const { organization, ...machine } = principal
  const places = organization === null ? null : new Map<string, Role>([[organization, 'owner']])
  return { type: 'service_key', ...machine, triggeredBy: 'api', places, changes, person: null, cliToken: null }
}

async function personally(
  person: Person,
  triggeredBy: TriggeredBy,
  { store }: Access,
): Promise<Omit<Caller, 'changes' | 'cliToken'>> {
  const { id, name } = person
  const isOperator = (await store.operator(id)) !== undefined
  return {
    ...{ type: 'user', id, name, triggeredBy, person },
    permissions: isOperator ? ['*'] : ['manage'],
    places: isOperator ? null : await placesOf(store, id),
  }
}

/** @throws Problem */
export function permit({ type, permissions }: Caller, permission: ServicePermission): void {
  if (permissions.includes('*') || permissions.includes(permission)) return
  const detail =
    type === 'user'
      ? 'This is for the operators of this instance.'
      : `This needs a service key with the permission '${permission}'.`
  throw new Problem('permission_missing', detail, {
    headers: { 'www-authenticate': 'Bearer realm="keywright", error="insufficient_scope"' },
  })
}

/**
 * Who a key's maker is and how much of it they may give: a person who belongs to the organization, no more than they
 * have where keys are as good as their makers, and, unless they run the instance, no more requests than its plan allows.
 */
export async function makerIn(
  organization: string,
  { person, places }: Caller,
  { store, contract }: { store: Pick<Store, 'member'>; contract: Contract },
): Promise<{ createdBy: string | null; reach: MakersReach }> {
  if (!person) return { createdBy: null, reach: null }
  const isGuest = places === null && !(await store.member(organization, person.id))
  if (isGuest) return { createdBy: null, reach: null }
  const reach: MakersReach = async (transaction) => {
    const member = await transaction.member(organization, person.id)
    if (!member)
      throw new LifecycleError(
        'not_found',
        'There is no such organization, or your credential does not reach it.',
        'organization',
      )
    if (places !== null && member.role === 'member') {
      const message = 'Members of an organization look; ask its owner or an admin to change something.'
      throw new LifecycleError('beyond_reach', message, 'organization')
    }
    return {
      permissions: permissionsOfRole(contract, member.role),
      namespaces: null,
      allowedIps: null,
      limits: places === null ? [] : null,
      expiresAt: null,
    }
  }
  return { createdBy: person.id, reach }
}

export function actorOf(caller: Caller, { address, requestId }: { address: string | null; requestId: string }): Actor {
  const { type, id, triggeredBy } = caller
  return { type, id, triggeredBy, address, requestId }
}

/**
 * RFC 6750 §3: no error code where no credential was sent.
 * @param missing what is said of that, where it is not what most routes take
 */
export function refusalOf(problem: 'missing' | 'repeated' | 'malformed', missing?: string): Problem {
  if (problem === 'repeated') {
    return new Problem('repeated_credential', undefined, {
      headers: { 'www-authenticate': 'Bearer realm="keywright", error="invalid_request"' },
    })
  }
  if (problem === 'malformed') return challenge('invalid_credential')
  return new Problem('missing_credential', missing, { headers: { 'www-authenticate': 'Bearer realm="keywright"' } })
}

export function challenge(code: 'invalid_credential' | 'wrong_credential_type'): Problem {
  return new Problem(code, undefined, {
    headers: { 'www-authenticate': 'Bearer realm="keywright", error="invalid_token"' },
  })
}
