import { ConnectionError, KeywrightError, objectOf, problemOf, redirected, TimeoutError, unreadable } from './errors.ts'

export type FetchLike = (url: string, init: RequestInit) => Promise<Response>

export interface KeywrightOptions {
  /** The control side: `http://127.0.0.1:8788`. In a browser, `''` is the page's own origin. */
  url: string
  /** A service key or CLI token. Absent in a browser: the session's cookie goes along. */
  credential?: string | undefined
  /** For one try. Default 45,000: a revocation that waits for every node may take 30 s. */
  timeoutMs?: number | undefined
  /** Further tries of a call that is safe to repeat: a read, or one with an idempotency key. Default 2. */
  retries?: number | undefined
  /** Instead of the global one. */
  fetch?: FetchLike | undefined
}

export interface CallOptions {
  signal?: AbortSignal | undefined
}

/** Options of a call that changes something. */
export interface Mutation extends CallOptions {
  /** Makes the call safe to repeat for 24 hours: 1 to 255 visible characters of ASCII that no other call uses. */
  idempotencyKey?: string | undefined
}

export type Query = Readonly<Record<string, string | number | boolean | Date | undefined>>

interface Call<T> {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Escaped already; see `path`. */
  path: string
  /** A member by which the answer is known to be Keywright's; of several, one is enough. */
  has: MemberOf<T> | readonly MemberOf<T>[]
  query?: Query | undefined
  body?: unknown
  options?: Mutation | undefined
}

type MemberOf<T> = T extends unknown ? keyof T & string : never

/** Makes one call and resolves with the JSON that was answered. */
export type Transport = <T>(call: Call<T>) => Promise<T>

/** Builds a path from a template, so that no id can be more than one segment of it. */
export function path(strings: TemplateStringsArray, ...ids: (string | number)[]): string {
  return String.raw({ raw: strings }, ...ids.map((id) => segment(String(id))))
}

function segment(id: string): string {
  // `.` and `..` survive escaping and would climb up the path; half a surrogate pair cannot be escaped.
  if (id === '' || id === '.' || id === '..' || /\p{Surrogate}/u.test(id))
    throw new KeywrightError('invalid_id', `"${id}" is not an id.`)
  return encodeURIComponent(id)
}

const transient = new Set([429, 502, 503, 504])
const longestWaitMs = 30_000
/** A timer that is set for longer goes off at once. */
const longestTimeoutMs = 2 ** 31 - 1
/** How long a call is repeated that somebody is at, or whose node is gone and not yet known to be. */
const longestRunningMs = 30_000

export function createTransport({
  url,
  credential,
  timeoutMs = 45_000,
  retries = 2,
  fetch,
}: KeywrightOptions): Transport {
  const base = addressOf(url)
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > longestTimeoutMs) {
    const message = `timeoutMs must be a whole number from 1 to ${longestTimeoutMs}.`
    throw new KeywrightError('invalid_timeout', message)
  }
  // Of NaN no try would be the last, and one more than '2' is '21'.
  if (typeof retries !== 'number' || !(retries >= 0))
    throw new KeywrightError('invalid_retries', 'retries must be a number from 0.')
  const bearer = credential === undefined ? undefined : sendable(credential.trim())
  const send: FetchLike = fetch ?? ((target, init) => globalThis.fetch(target, init))

  return async <T>(call: Call<T>): Promise<T> => {
    const { method, options = {} } = call
    const target = base + call.path + queryString(call.query)
    const init = { method, headers: headersOf(call, bearer), redirect: 'manual' as const }
    const tries = method === 'GET' || options.idempotencyKey !== undefined ? retries + 1 : 1
    let attempt = 1
    let runningUntil: number | null = null
    for (;;) {
      const answer = await once(
        target,
        call.body === undefined ? init : { ...init, body: JSON.stringify(call.body) },
        options,
      )
      if ('body' in answer) return parse(answer.body, [call.has].flat()) as T
      const waitMs = answer.waitMs ?? backoffMs(attempt)
      if (tries > 1 && answer.error.code === 'idempotency_running') {
        runningUntil ??= performance.now() + longestRunningMs
        if (performance.now() + waitMs > runningUntil) throw answer.error
      } else {
        if (attempt >= tries || !answer.retry || waitMs > longestWaitMs) throw answer.error
        attempt++
      }
      await pause(waitMs, options.signal)
    }
  }

  async function once(target: string, init: RequestInit, { signal }: CallOptions): Promise<Answer> {
    // Not by `AbortSignal.any`: Node 20 may collect what that makes before it goes off.
    const ending = new AbortController()
    const end = () => ending.abort(signal?.reason)
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      ending.abort()
    }, timeoutMs)
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
    try {
      const response = await send(target, { ...init, signal: ending.signal })
      const body = await response.text()
      // Not left to `redirect: 'error'`, which Cloudflare Workers refuse.
      if (isRedirect(response)) throw redirected(base || 'The server')
      if (response.ok) return { body }
      const waitMs = retryAfterMs(response)
      const requestId = response.headers.get('x-request-id')
      const error = problemOf(response.status, body, { requestId, retryAfterMs: waitMs })
      // The server has waited for its nodes already, and says so: asking again would wait as long once more.
      const retry = transient.has(response.status) && error.code !== 'nodes_pending'
      return { error, retry, waitMs }
    } catch (cause) {
      if (signal?.aborted || cause instanceof KeywrightError) throw cause
      if (isLate) return { error: new TimeoutError(base || 'The server', timeoutMs), retry: true, waitMs: null }
      return { error: new ConnectionError(base || 'the server', cause), retry: true, waitMs: null }
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
    }
  }
}

/** Of one that is not followed, browsers tell no status. */
function isRedirect({ type, status }: Response): boolean {
  return type === 'opaqueredirect' || (status >= 300 && status < 400)
}

type Answer = { body: string } | { error: KeywrightError; retry: boolean; waitMs: number | null }

/** Without the slashes at its end. What is wrong about it is said without it: it may hold a password. */
function addressOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  // What a browser completes by itself.
  const isRelative = url === '' || /^\/(?!\/)/.test(url)
  if (!isRelative && !/^https?:$/.test(parsed?.protocol ?? '')) {
    throw new KeywrightError('invalid_url', 'The url must be one that begins with http:// or https://.')
  }
  if (parsed?.username || parsed?.password) {
    throw new KeywrightError('invalid_url', 'The url has a user or a password in it. Give the credential by itself.')
  }
  return url.replace(/\/+$/, '')
}

/** The runtime would otherwise refuse the header in words that quote it. */
function sendable(credential: string): string {
  if (/^[\x21-\x7e]+$/.test(credential)) return credential
  throw new KeywrightError(
    'invalid_credential',
    'The credential is empty, or holds characters that none has. Copy it again, without quotes or line breaks.',
  )
}

/** Else a call that cannot be sent would look like a server that cannot be reached. */
function repeatable(key: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key
  throw new KeywrightError('invalid_idempotency_key', 'An idempotency key has 1 to 255 visible ASCII characters.')
}

function headersOf(
  { body, options }: Pick<Call<unknown>, 'body' | 'options'>,
  bearer: string | undefined,
): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (bearer !== undefined) headers.authorization = `Bearer ${bearer}`
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (options?.idempotencyKey !== undefined) headers['idempotency-key'] = repeatable(options.idempotencyKey)
  return headers
}

function queryString(query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, value instanceof Date ? value.toISOString() : String(value))
  }
  return parameters.size === 0 ? '' : `?${parameters}`
}

function parse(body: string, members: readonly string[]): unknown {
  const answer = objectOf(body)
  if (answer === null) throw unreadable('is no JSON object')
  if (members.some((member) => answer[member] !== undefined)) return answer
  throw unreadable(`has no ${members.join(' or ')}`)
}

/** Seconds or an HTTP date (RFC 9110 §10.2.3); null where the server names no time. */
function retryAfterMs(response: Response): number | null {
  const value = response.headers.get('retry-after')
  if (value === null) return null
  const waitMs = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : null
}

/** Half fixed, half random, so that many clients do not come back together. */
function backoffMs(attempt: number): number {
  const ceiling = Math.min(200 * 2 ** attempt, 5_000)
  return ceiling / 2 + (Math.random() * ceiling) / 2
}

export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}
