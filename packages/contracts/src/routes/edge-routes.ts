import type { Attempt, Lifecycle, Outcome, Refusal, ServiceKeyRecord, Transaction, Verifier } from '@keywright/core'
import type { RouteNote } from './table.ts'

/** The few routes that an API promises on its own wire. Everything else goes upstream. */
export interface EdgeRoutes {
  /** Whether a canonical path is answered here, and so never forwarded. */
  owns(path: string): boolean
  /** Authenticates, then answers. Throws where truth cannot be reached. */
  answer(request: EdgeRequest): Promise<EdgeAnswer>
}

export type CreateRoutes = (deps: RouteDeps) => EdgeRoutes

/** The same with what those are told who call them. */
export interface ContractRoutes {
  create: CreateRoutes
  /** What they take. */
  credential: 'service_key' | 'api_key'
  /** In the order to read them. */
  notes: readonly RouteNote[]
}

export interface EdgeRequest {
  /** Upper case. */
  method: string
  /** Canonical, without query. */
  path: string
  /** The same request as a verifier is asked about it: headers as on the wire (name, value, …), address. */
  attempt: Attempt & { headers: readonly string[] }
  requestId: string
  /** null: it has more than that. Nobody is asked to send it before it is read. */
  readBody(mostBytes: number): Promise<Uint8Array | null>
  /** Told what the verifier has said of the key that it came with, for the access log. */
  decided(outcome: Outcome): void
}

/** Header names in lower case; `X-Request-Id` is added by whoever sends it. */
export type EdgeAnswer = Refusal

export interface RouteDeps {
  lifecycle: Lifecycle
  verifier: Verifier
  usage: UsageReader
  /** null for what is no service key, unknown or revoked. */
  authenticateServiceKey(credential: string): ServiceKeyHolder | null | Promise<ServiceKeyHolder | null>
  /** null: nobody signs in to this instance. */
  people: SignedInPeople | null
}

/** People, where a contract's own routes know them: by the CLI tokens that a login from a terminal ends with. */
export interface SignedInPeople {
  /** By its form, before anything is looked up. */
  isCliToken(credential: string): boolean
  /** null for a token that is unknown, revoked or expired. */
  authenticate(cliToken: string): Promise<{ id: string; name: string; email: string } | null>
  /** Asked in the transaction that gives them a place: who is kept out or removed meanwhile waits, or is not here. */
  isHere(transaction: Transaction, person: string): Promise<boolean>
  /** The two calls of such a login that machines make: RFC 8628 §3.1 and §3.4. */
  device: { code(call: DeviceCall): Promise<EdgeAnswer>; token(call: DeviceCall): Promise<EdgeAnswer> }
}

export interface DeviceCall {
  contentType: string | null
  body: string
  /** Of the machine; null where there is none. */
  address: string | null
  requestId: string
}

export type ServiceKeyHolder = Pick<ServiceKeyRecord, 'id' | 'permissions' | 'organization'>

/** What has been counted, what is not written down yet included. */
export interface UsageReader {
  /** In the calendar month of that instant (UTC). */
  ofMonth(organization: string, at: Date): Promise<MonthOfUse>
  /** The latest use of each of these keys that has been used. */
  lastUsed(keys: readonly string[]): Promise<ReadonlyMap<string, Date>>
}

export interface MonthOfUse {
  /** What counts against the month's quota. */
  used: number
  /** Requests let through, by route. */
  byRoute: Readonly<Record<string, number>>
}
