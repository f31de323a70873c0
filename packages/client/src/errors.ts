/** Everything this client throws, but for the reason of a `signal`. `code` is stable; `message` says what happened and what to do next. */
export class KeywrightError extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'KeywrightError'
    this.code = code
  }
}

/** What is wrong with one member of the request: `limits.0.requests`. */
export interface FieldError {
  field: string
  message: string
}

/** The server answered with a problem (RFC 9457). */
export class ProblemError extends KeywrightError {
  readonly status: number
  readonly title: string
  readonly errors: readonly FieldError[]
  /** Names this call in the server's log. */
  readonly requestId: string | null
  /** How long the server asks to wait before the next try; null where it says nothing of it. */
  readonly retryAfterMs: number | null
  /** The answer as it came: the problem, or what else stood in its place. */
  readonly body: string
  constructor(answer: {
    code: string
    status: number
    title: string
    detail: string
    errors: readonly FieldError[]
    requestId: string | null
    retryAfterMs: number | null
    body: string
  }) {
    super(answer.code, answer.detail)
    this.name = 'ProblemError'
    this.status = answer.status
    this.title = answer.title
    this.errors = answer.errors
    this.requestId = answer.requestId
    this.retryAfterMs = answer.retryAfterMs
    this.body = answer.body
  }
}

/** No answer came: the server is not running, not there, or the connection broke. */
export class ConnectionError extends KeywrightError {
  constructor(url: string, cause: unknown) {
    super('unreachable', `No answer from ${url}: ${reasonOf(cause)}. Is Keywright running there?`, { cause })
    this.name = 'ConnectionError'
  }
}

/** No answer came in time. A call that changes something may have been carried out all the same. */
export class TimeoutError extends KeywrightError {
  constructor(url: string, timeoutMs: number) {
    super('timed_out', `${url} did not answer within ${timeoutMs / 1000} s.`)
    this.name = 'TimeoutError'
  }
}

/**
 * Turns an answer that is not 2xx into an error: a problem, one of OAuth (RFC 6749 §5.2), or what a proxy in between
 * answered instead.
 */
export function problemOf(
  status: number,
  body: string,
  { requestId, retryAfterMs }: Pick<ProblemError, 'requestId' | 'retryAfterMs'>,
): ProblemError {
  const problem = objectOf(body) ?? {}
  const title = textOf(problem.title) ?? `The server answered ${status}`
  return new ProblemError({
    code: textOf(problem.code) ?? wordOf(problem.error) ?? `http_${status}`,
    status,
    title,
    detail: textOf(problem.detail) ?? textOf(problem.error_description) ?? `${title}.`,
    errors: Array.isArray(problem.errors) ? problem.errors.filter(isFieldError) : [],
    requestId,
    retryAfterMs,
    body,
  })
}

/** Nobody asks again: it would be answered the same. */
export function redirected(url: string): KeywrightError {
  const message = `${url} redirects, which is not followed. Is this Keywright's own address, to the letter?`
  return new KeywrightError('redirected', message)
}

/** What a server answers that is not Keywright's control side. */
export function unreadable(what: string): KeywrightError {
  return new KeywrightError('unreadable_answer', `The answer ${what}. Is the address right?`)
}

/** null for what is no JSON object. */
export function objectOf(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown> | null) : null
  } catch {
    return null
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Codes of OAuth are words; other APIs have sentences in their place. */
function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^\w+$/.test(value) ? value : undefined
}

function isFieldError(value: unknown): value is FieldError {
  return typeof value === 'object' && value !== null && 'field' in value && 'message' in value
}

/** `fetch` says only "fetch failed"; Node puts why into the cause. */
function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const code = (inner as { code?: unknown } | null)?.code
  if (code === 'ECONNREFUSED') return 'the connection was refused'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the name is not known'
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'it speaks no https there'
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return 'the connection was closed'
  if (inner instanceof Error && inner.message !== '') return inner.message
  // Of a host with several addresses, each of which failed, Node says no more.
  return typeof code === 'string' ? code : 'the request failed'
}
