import type { Refusal } from '@keywright/core'
import { type ProblemCode, problems } from './problems.ts'

/** What is wrong with one member of the request: `limits.0.requests`. */
export interface FieldError {
  field: string
  message: string
}

/** A refusal on its way to the caller. `detail` is a full sentence that never holds a credential. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly errors: readonly FieldError[]
  readonly headers: Readonly<Record<string, string>>
  constructor(
    code: ProblemCode,
    detail: string = `${problems[code].cause} ${problems[code].mend}`,
    { errors = [], headers = {} }: { errors?: readonly FieldError[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail)
    this.name = 'Problem'
    this.code = code
    this.errors = errors
    this.headers = headers
  }
}

export function invalid(errors: readonly FieldError[]): Problem {
  const list = errors.map(({ field, message }) => `${field} ${message}`).join('; ')
  return new Problem('invalid_request', `${list}.`, { errors })
}

/** One answer for what does not exist and for what the caller does not reach: ids cannot be probed. */
export function notFound(noun: string): Problem {
  return new Problem('not_found', `There is no such ${noun}, or your credential does not reach it.`)
}

/** Of what will be over soon. */
export function unavailable(detail?: string): Problem {
  return new Problem('unavailable', detail, { headers: { 'retry-after': '1' } })
}

/** @param methods what is offered there */
export function otherMethod(methods: readonly string[]): Problem {
  const headers = { allow: methods.join(', ') }
  return new Problem('method_not_allowed', `Use ${methods.join(' or ')} here.`, { headers })
}

/** As it is written: RFC 9457. */
export function problemAnswer({ code, message, errors, headers }: Problem, requestId: string): Refusal {
  const { status, title } = problems[code]
  const body = {
    type: `urn:keywright:problem:${code}`,
    title,
    status,
    code,
    detail: message,
    ...(errors.length > 0 ? { errors } : {}),
    requestId,
  }
  return {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  }
}

export function problemResponse(problem: Problem, requestId: string): Response {
  const { body, ...init } = problemAnswer(problem, requestId)
  return new Response(body, init)
}
