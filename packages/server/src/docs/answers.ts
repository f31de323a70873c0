import { STATUS_CODES } from 'node:http'
import {
  type Contract,
  compileRoutes,
  createMemoryStore,
  createVerifier,
  type Limit,
  type LimitState,
  type Refusal,
  type RefusalFacts,
  type RefusalName,
  readTarget,
  usualLimitsOf,
} from '@keywright/core'
import { printedNowMs, printedOrganization } from './subject.ts'

export interface Answers {
  of(name: RefusalName): Refusal
  /** What an answer to a key says of its limits, and of its end: `name: value` in lines; '' where it says nothing. */
  headers(about: { limits?: LimitState[]; retiresAt?: Date }): string
  /** Whether the row says in `Retry-After` how long to wait. */
  saysWhen(name: RefusalName): boolean
  /** In the order in which answers tell of them; the first is the one whose refusal is printed. */
  limits: readonly [Limit, ...Limit[]]
  /** Whether a key that is limited to no permissions is refused on the example's route. */
  asksForPermission: boolean
}

/** Every answer of the contract, by the same code that answers callers. */
export function answersOf(contract: Contract): Answers {
  const verifier = createVerifier({ contract, keys: createMemoryStore(), maxKeys: 1, now: () => printedNowMs })
  const { method, path } = contract.docs.example
  const { route, permission, namespace } = compileRoutes(contract).matchRoute(method, readTarget(path)?.path ?? path)
  const limits = limitsOf(contract)
  const [limit] = limits
  const organization = printedOrganization
  /** What is known where it is answered so. Of all else a body that speaks of it says nothing. */
  const facts: Partial<Record<RefusalName, Partial<RefusalFacts>>> = {
    organization_suspended: { organization },
    organization_unpaid: { organization },
    forbidden: { organization, ...(permission !== null && { permission }) },
    namespace_forbidden: { organization, namespace: namespace ?? contract.namespaces?.default[0] ?? 'staging' },
    rate_limited: { organization, limit: limit.requests, windowSeconds: limit.windowSeconds, retryAfter: 12 },
    quota_exceeded: { organization, retryAfter: 86_400 },
    // Without an upstream it is this row as well, and then names nobody.
    ...(contract.otherRoutes === 'not_found' && { not_found: { organization } }),
  }
  const of = (name: RefusalName) =>
    verifier.refusal(name, { requestId: 'req_01kahrp6e1f9k5w3m8c7d2sn4q00002f', ...facts[name] })
  return {
    of,
    saysWhen: (name) => Object.keys(of(name).headers).some((header) => header.toLowerCase() === 'retry-after'),
    headers({ limits = [], retiresAt = null }: { limits?: LimitState[]; retiresAt?: Date | null }) {
      const list = verifier.responseHeaders({ allowed: true, principal: null, limits, retiresAt })
      return list.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${list[at + 1]}`] : [])).join('\n')
    },
    limits,
    asksForPermission: permission !== null || (route === null && contract.otherRoutes === 'key'),
  }
}

/** Of the first plan that has some, where there are plans. */
function limitsOf(contract: Contract): Answers['limits'] {
  const usual = [usualLimitsOf(contract, { plan: null }), ...Object.values(contract.plans).map(({ limits }) => limits)]
  const limits = usual.find(({ length }) => length > 0) ?? []
  const perAddress = limits.filter(({ per }) => per === 'address')
  const [first, ...others] = [...limits.filter(({ per }) => per !== 'address'), ...perAddress]
  return [first ?? { requests: 100, windowSeconds: 60, per: 'key', kind: 'window' }, ...others]
}

/** As curl shows it: the status, the headers that matter, the body. */
export function httpText({ status, headers, body }: Refusal): string {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd(), ...fields, '', body].join('\n')
}
