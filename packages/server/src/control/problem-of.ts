import { z } from '@hono/zod-openapi'
import { LifecycleError } from '@keywright/core'
import { type FieldError, Problem } from './problem.ts'

/** What a caller is told of an error; null where it is none that the caller has made. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error
  if (!(error instanceof LifecycleError)) return null
  const { code, message, field } = error
  if (code === 'not_found' || code === 'conflict') return new Problem(code, message)
  return new Problem('invalid_request', message, { errors: [{ field: field ?? 'body', message }] })
}

/** The problem of one row. */
export function rowProblem({ code, message, errors }: Problem): {
  code: string
  detail: string
  errors?: FieldError[]
} {
  return { code, detail: message, ...(errors.length > 0 && { errors: [...errors] }) }
}

/** A problem with one of many, without what the answer says already. */
export const rowProblemSchema = z
  .strictObject({
    code: z.string().openapi({ description: 'As of a call for this one alone.' }),
    detail: z.string(),
    errors: z.array(z.strictObject({ field: z.string(), message: z.string() })).optional(),
  })
  .openapi('RowProblem')
