import { RemoteError } from './remote-error.ts'

export interface Ask {
  method: 'GET' | 'POST' | 'DELETE'
  /** With its query. */
  path: string
  body?: unknown
  timeoutMs: number
  signal?: AbortSignal
}

/** Asks the control side of a server. @throws RemoteError */
export type Call = (ask: Ask) => Promise<Readonly<Record<string, unknown>>>

export interface CallOptions {
  url: URL
  serviceKey: string
}

export function createCall({ url, serviceKey }: CallOptions): Call {
  const base = url.href.replace(/\/$/, '')

  return async ({ method, path, body, timeoutMs, signal }) => {
    const response = await fetch(base + path, {
      method,
      headers: {
        authorization: `Bearer ${serviceKey}`,
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      // The service key is for this server alone.
      redirect: 'error',
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]),
    }).catch((cause) => {
      const message = `${url.origin} does not answer. Check that Keywright's control side is reached there.`
      throw new RemoteError('remote_unreachable', message, { cause })
    })
    const text = await response.text().catch((cause) => {
      throw new RemoteError('remote_unreachable', `${url.origin} broke off in the middle of an answer.`, { cause })
    })
    if (response.status !== 200) throw refusalOf(url, response)
    try {
      const json: unknown = JSON.parse(text)
      if (typeof json === 'object' && json !== null) return json as Readonly<Record<string, unknown>>
    } catch {}
    throw malformed(url)
  }
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

function refusalOf({ origin }: URL, { status, headers }: Response): RemoteError {
  const seconds = Number(headers.get('retry-after') ?? 0)
  const retryAfterMs = Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : 0
  if (status === 401 || status === 403) {
    const message = `${origin} does not take the service key. Give one with the permission 'verify' that is bound to no organization.`
    return new RemoteError('remote_refused', message, { retryAfterMs })
  }
  return new RemoteError('remote_unreachable', `${origin} answered ${status}. See its log.`, { retryAfterMs })
}
