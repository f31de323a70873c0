import type { ChangeNotice } from '../audit/event.ts'
import type { Contract } from '../contract/contract.ts'
import { compileLimitHeaders } from '../contract/limit-headers.ts'
import { isAcceptedMethod } from '../contract/method.ts'
import { type Refusal, type RefusalFacts, type RefusalName, rowOf } from '../contract/refusal.ts'
import { compileRefusals } from '../contract/render.ts'
import { compileRoutes, type NamespaceInBody, type RouteMatch } from '../contract/route.ts'
import { readTarget } from '../contract/target.ts'
import { compileFormat } from '../key/credential.ts'
import { CredentialText } from '../key/credential-text.ts'
import { createDigester, type Digester } from '../key/digest.ts'
import type { Counters } from '../limit/counters.ts'
import { createMemoryCounters } from '../limit/memory.ts'
import { createMemoryQuotas, type MonthlyQuotas } from '../limit/monthly-quotas.ts'
import type { KeySource } from '../store/store.ts'
import { compileExtractor, isJoined } from './extract.ts'
import { compileIdentityHeaders } from './identity.ts'
import { createJudge } from './judge.ts'
import { KeyCache } from './key-cache.ts'
import { leased } from './leased.ts'
import { type Attempt, type Denied, denied, type Outcome, type Principal } from './outcome.ts'

/**
 * The verdict. Everything that wraps it (metrics, decision log, tracing) has this same interface.
 * Answers at once on a warm node, with a promise where it must read; throws where truth cannot be reached.
 */
export interface Verifier {
  readonly contract: Contract
  /** The whole line: credential, key, state, reach, quota. */
  verify(attempt: Attempt): Outcome | Promise<Outcome>
  /** As far as the key's state: who it is, before reach and without charging a limit. */
  authenticate(attempt: Attempt): Outcome | Promise<Outcome>
  /** The same with what is left of the key's own limits. */
  peek(attempt: Attempt): Outcome | Promise<Outcome>
  /** What the caller of a denied attempt is answered, in the contract's own words. */
  refuse(outcome: Denied, facts?: Partial<RefusalFacts>): Refusal
  /** Any other row of the contract's table, `not_found` for one; with what `responseHeaders` says of the outcome. */
  refusal(name: RefusalName, facts?: Partial<RefusalFacts>, outcome?: Outcome): Refusal
  /** Limit headers and, in a rotated secret's grace, the notice of its end: name, value, name, value, … */
  responseHeaders(outcome: Outcome): string[]
  /** What the upstream is told of the caller: name, value, name, value, … */
  identityHeaders(principal: Principal): string[]
  /** Whether the JSON body of such a request names a namespace, which must then be given with the attempt. */
  namespaceInBody(method: string, path: string): NamespaceInBody
  /** Follows the change log. Once it resolves, nothing these changes took away is allowed any more. */
  apply(changes: readonly ChangeNotice[]): Promise<void>
  /** Forgets every key: for those who follow the change log and learn that they cannot tell what has changed. */
  reset(): void
}

export interface VerifierOptions {
  contract: Contract
  /** Where keys are found: a store, or `remote`. */
  keys: KeySource
  /** Where requests are counted; in this process's memory unless given. */
  counters?: Counters
  /** Where the requests of each organization's month are counted; in this process's memory unless given. */
  quotas?: MonthlyQuotas
  /** The one of `keys`, where they have one; else plain SHA-256 unless given. */
  digester?: Digester
  /** Keys held in memory, 1 to 16,777,216, about 250 bytes each; the least used make room. */
  maxKeys?: number
  /** Milliseconds since the epoch. */
  now?: () => number
}

/** Shape, checksum and presence are decided before any digest or look-up; quota is taken last. */
export function createVerifier({
  contract,
  keys,
  counters = createMemoryCounters(),
  quotas = createMemoryQuotas(),
  digester = keys.digester ?? createDigester(),
  maxKeys = 1_000_000,
  now = Date.now,
}: VerifierOptions): Verifier {
  if (keys.digester && keys.digester !== digester) {
    throw new TypeError('The keys are found by another digester. Give it to remote alone, or the same to both.')
  }
  const format = compileFormat(contract.key)
  const routes = compileRoutes(contract)
  const render = compileRefusals(contract)
  const limitHeaders = compileLimitHeaders(contract)
  const identityHeaders = compileIdentityHeaders(contract)
  const cache = new KeyCache(contract, keys, digester, maxKeys)
  const extract = compileExtractor(contract.credential, format.join)
  const judge = createJudge({ contract, cache, counters, quotas, again: verify })
  const unannounced = !contract.rotation.announce

  const presented = new CredentialText()

  function presentIn({ credential, headers, query }: Attempt) {
    if (credential === undefined) return extract(headers ?? [], query, presented)
    presented.set(credential)
    return null
  }

  /** The entry of the key, why the credential names none, or a promise of whether it is worth asking again. */
  function identify(attempt: Attempt, nowMs: number): number | Denied | Promise<boolean> {
    const unusable = presentIn(attempt)
    if (unusable !== null) return denied(unusable.reason)
    if (format.parse(presented) >= 0) return cache.find(presented, nowMs)
    return denied(isJoined(presented) ? 'repeated_credential' : 'malformed_credential')
  }

  function verify(attempt: Attempt): Outcome | Promise<Outcome> {
    const nowMs = now()
    const { method = 'GET', path } = attempt
    // What the API reads as another path (`/a/../b`) would be judged by the wrong rule.
    if (path !== undefined && readTarget(path)?.path !== path) return denied('malformed_request')
    // So would `delete`, by the rule for what no other rule names.
    if (!isAcceptedMethod(method)) return denied('malformed_request')
    const match = path === undefined ? null : routes.matchRoute(method, path)
    if (match && isAnonymous(match) && !attempt.permissions?.length) {
      return judge.anonymous(match, attempt, nowMs)
    }
    const entry = identify(attempt, nowMs)
    if (typeof entry === 'number') return judge.key(entry, attempt, match, nowMs)
    return entry instanceof Promise ? afterReading(entry, attempt, verify) : entry
  }

  function authenticate(attempt: Attempt): Outcome | Promise<Outcome> {
    const nowMs = now()
    const entry = identify(attempt, nowMs)
    if (typeof entry === 'number') return judge.state(entry, nowMs)
    return entry instanceof Promise ? afterReading(entry, attempt, authenticate) : entry
  }

  function peek(attempt: Attempt): Outcome | Promise<Outcome> {
    const nowMs = now()
    const entry = identify(attempt, nowMs)
    if (typeof entry === 'number') return judge.peek(entry, nowMs)
    return entry instanceof Promise ? afterReading(entry, attempt, peek) : entry
  }

  function writeHeaders(outcome: Outcome, write: (name: string, value: string) => void): void {
    const { allowed, limits } = outcome
    if (limits.length > 0) limitHeaders(limits, now(), write, allowed ? 0 : outcome.retryAfterMs)
    if (outcome.retiresAt === null || unannounced) return
    write('Api-Key-Status', 'rotating')
    write('Api-Key-Expires', outcome.retiresAt.toUTCString())
  }

  function withHeaders(refusal: Refusal, outcome: Outcome): Refusal {
    const headers = { ...refusal.headers }
    writeHeaders(outcome, (name, value) => {
      headers[name.toLowerCase()] = value
    })
    return { ...refusal, headers }
  }

  const verifier: Verifier = {
    contract,
    verify,
    authenticate,
    peek,
    refuse(outcome, facts) {
      const { reason, about, limit, principal, retryAfterMs } = outcome
      const refusal = render(rowOf[reason], {
        requestId: '',
        ...(retryAfterMs > 0 && { retryAfter: Math.ceil(retryAfterMs / 1000) }),
        ...(limit && { limit: limit.limit.requests, windowSeconds: limit.limit.windowSeconds }),
        ...(principal && { organization: principal.organization }),
        ...(reason === 'namespace_not_permitted' && about !== null && { namespace: about }),
        ...(reason === 'permission_missing' && about !== null && { permission: about }),
        ...facts,
      })
      return outcome.limits.length === 0 && outcome.retiresAt === null ? refusal : withHeaders(refusal, outcome)
    },
    refusal(name, facts, outcome) {
      const refusal = render(name, { requestId: '', ...facts })
      return outcome ? withHeaders(refusal, outcome) : refusal
    },
    responseHeaders(outcome) {
      const headers: string[] = []
      writeHeaders(outcome, (name, value) => headers.push(name, value))
      return headers
    },
    identityHeaders,
    namespaceInBody: routes.namespaceInBody,
    apply: (changes) => cache.apply(changes),
    reset: () => cache.reset(),
  }
  const freshness = keys.follow?.(verifier)
  return freshness ? leased(verifier, freshness) : verifier
}

type Ask = (attempt: Attempt) => Outcome | Promise<Outcome>

/** From the start, since the clock and the key have moved on. That there was no such key is an answer by itself. */
async function afterReading(reading: Promise<boolean>, attempt: Attempt, ask: Ask): Promise<Outcome> {
  return (await reading) ? ask(attempt) : denied('unknown_key')
}

function isAnonymous({ route, otherReading }: RouteMatch): boolean {
  return route?.access === 'anonymous' && (otherReading === null || isAnonymous(otherReading))
}
