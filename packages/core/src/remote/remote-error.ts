export interface RemoteErrorOptions {
  cause?: unknown
  /** How long the server asks to be left alone; 0 where it does not say. */
  retryAfterMs?: number
}

/** The server gives no answer, or none that can be used: an outage, and never a verdict on a key. */
export class RemoteError extends Error {
  readonly code: 'remote_unreachable' | 'remote_refused' | 'remote_malformed' | 'remote_peppers'
  readonly retryAfterMs: number
  constructor(code: RemoteError['code'], message: string, { retryAfterMs = 0, ...options }: RemoteErrorOptions = {}) {
    super(message, options)
    this.name = 'RemoteError'
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}
