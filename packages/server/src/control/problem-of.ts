import { z } from '@hono/zod-openapi'
import { LifecycleError } from '@keywright/core'
import { type FieldError, Problem, unavailable } from './problem.ts'

/** What a caller is told of an error; null where it is none that the caller has made. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error
  if (!(error instanceof LifecycleError)) return null
  const { code, message, field } = error
  if (code === 'not_found' || code === 'conflict') return new Problem(code, message)
  return new Problem('invalid_request', message, { errors: [{ field: field ?? 'body', message }] })
}

/** What a caller is told of an error that no caller has made. */
export function failureOf(error: unknown): Problem {
  return isOutage(error) ? unavailable() : new Problem('internal_error')
}

const ofSqlite = /^(SQLITE_(BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY)|database_replaced)/
/**
 * Classes of PostgreSQL's codes: 25P03 and 25P04 end a transaction of which it hears nothing more, 28 is another password,
 * 3D000 another name, 42501 a right that was taken away, 55000 a database that is told to take no connections, XX one that
 * is damaged, or a pooler in front of it that has none to give.
 */
const ofPostgres = /^(database_unreachable|stale|08|25006|25P0[34]|28|3D000|40|42501|53|55000|55P03|57|58|XX)/

/** The database, as its driver names what ails it: away, closed to us, locked, full or read-only. */
function isOutage(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && (ofSqlite.test(code) || ofPostgres.test(code))
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
