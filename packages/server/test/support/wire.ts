export interface WireAnswer {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: answers are compared with what their page says, and read freely
  json: any
}

export interface WireRequest {
  headers?: Record<string, string>
  /** Sent as JSON. */
  body?: unknown
  /** Instead of `body`, as it is. */
  raw?: string | Uint8Array<ArrayBuffer>
}

export type Wire = (method: string, path: string, request?: WireRequest) => Promise<WireAnswer>

/** Asks a server as its callers do. `always` goes with every request that does not say otherwise. */
export function wireTo(url: string, always: Record<string, string> = {}): Wire {
  return async (method, path, { headers = {}, body, raw } = {}) => {
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body))
    const response = await fetch(url + path, {
      method,
      headers: { ...(sent !== undefined && { 'content-type': 'application/json' }), ...always, ...headers },
      ...(sent !== undefined && { body: sent }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: jsonOf(text) }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function bearer(credential: string): Record<string, string> {
  return { authorization: `Bearer ${credential}` }
}
