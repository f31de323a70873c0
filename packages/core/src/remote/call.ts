import { once } from 'node:events'
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request as requestPlainly } from 'node:http'
import { request as requestSecurely, Agent as SecureAgent } from 'node:https'
import { text } from 'node:stream/consumers'
import { RemoteError } from './remote-error.ts'

interface Ask {
  method: 'GET' | 'POST' | 'DELETE'
  /** With its query. */
  path: string
  body?: unknown
  /** For what there may be any number of at once: waits, within its time, for one of few connections. */
  inTurn?: boolean
  timeoutMs: number
  signal?: AbortSignal
}

/** Asks the control side of a server. @throws RemoteError */
export type Call = (ask: Ask) => Promise<Readonly<Record<string, unknown>>>

export interface CallOptions {
  url: URL
  serviceKey: string
}

/** A server that has just come back is not to be asked for all keys in use at once. */
const mostInTurn = 64
/** A connection that nothing goes over is given up before whatever stands between forgets it. */
const idleMs = 4_000

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

export function createCall({ url, serviceKey }: CallOptions): Call {
  const base = url.href.replace(/\/$/, '')
  const isSecure = url.protocol === 'https:'
  // Connections of our own, since those of `fetch` cannot be given up.
  const options = { keepAlive: true, timeout: idleMs, ...throughProxy() }
  const open = (maxSockets: number) => new (isSecure ? SecureAgent : Agent)({ ...options, maxSockets })
  // Of their own, since polls must not wait behind what is asked in turn.
  const agents = { atOnce: open(Number.POSITIVE_INFINITY), inTurn: open(mostInTurn) }
  const request = isSecure ? requestSecurely : requestPlainly

  /** Where one has died without a word, so may have the others: the next call gets a new one. */
  function giveUpIdle(): void {
    for (const { freeSockets } of Object.values(agents)) {
      for (const sockets of Object.values(freeSockets)) for (const socket of sockets ?? []) socket.destroy()
    }
  }

  /** Within its time. Not by `AbortSignal.any`: Node 20 may collect what that makes before it goes off. */
  async function sendInTime(ask: Ask): Promise<Answer> {
    const { timeoutMs, signal } = ask
    const ending = new AbortController()
    const end = () => ending.abort()
    const timer = setTimeout(end, timeoutMs)
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
    try {
      return await send(ask, ending.signal)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
    }
  }

  /** Redirects are not followed: the service key is for this server alone. */
  async function send({ method, path, body, inTurn = false }: Ask, until: AbortSignal): Promise<Answer> {
    const asking = request(base + path, {
      agent: inTurn ? agents.inTurn : agents.atOnce,
      method,
      headers: {
        authorization: `Bearer ${serviceKey}`,
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      signal: until,
    })
    // What happens to it while its answer is read is told by the answer too; an error that nobody hears ends the process.
    asking.on('error', () => {})
    asking.end(body === undefined ? undefined : JSON.stringify(body))
    // By itself too: of an answer to something else, such as 101, neither a response nor an error is told.
    const [answer] = (await once(asking, 'response', { signal: until })) as [IncomingMessage]
    const read = await text(answer).catch((cause) => {
      throw new RemoteError('remote_unreachable', `${url.origin} broke off in the middle of an answer.`, { cause })
    })
    return { status: answer.statusCode ?? 0, headers: answer.headers, text: read }
  }

  return async (ask) => {
    const answer = await sendInTime(ask).catch((cause) => {
      giveUpIdle()
      if (cause instanceof RemoteError) throw cause
      const message = `${url.origin} does not answer. Check that Keywright's control side is reached there.`
      throw new RemoteError('remote_unreachable', message, { cause })
    })
    if (answer.status !== 200) throw refusalOf(url, answer)
    try {
      const json: unknown = JSON.parse(answer.text)
      if (typeof json === 'object' && json !== null) return json as Readonly<Record<string, unknown>>
    } catch {}
    throw malformed(url)
  }
}

/** As `fetch` does it; where Node is too old for it, it is not told of either. */
function throughProxy(): { proxyEnv?: NodeJS.ProcessEnv } {
  return process.env.NODE_USE_ENV_PROXY === '1' ? { proxyEnv: process.env } : {}
}

export function malformed({ origin }: URL): RemoteError {
  const message = `${origin} answers with something else than expected. Check that it is Keywright's control side, and not older than this library.`
  return new RemoteError('remote_malformed', message)
}

/** A key that is not found may be one under a pepper that is missing here. */
export function otherPeppers({ origin }: URL, how: string): RemoteError {
  const message = `${origin} ${how}. Give remote a digester with every pepper of the server.`
  return new RemoteError('remote_peppers', message)
}

function refusalOf({ origin }: URL, { status, headers }: Answer): RemoteError {
  const seconds = Number(headers['retry-after'] ?? 0)
  const retryAfterMs = Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : 0
  if (status === 401 || status === 403) {
    const message = `${origin} does not take the service key. Give one with the permission 'verify' that is bound to no organization.`
    return new RemoteError('remote_refused', message, { retryAfterMs })
  }
  return new RemoteError('remote_unreachable', `${origin} answered ${status}. See its log.`, { retryAfterMs })
}
