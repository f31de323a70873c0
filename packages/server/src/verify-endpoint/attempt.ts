import { z } from '@hono/zod-openapi'
import { type Attempt, isAcceptedMethod, readTarget } from '@keywright/core'
import { invalid } from '../control/problem.ts'
import { validated } from '../control/validation.ts'

const headers = z.union([
  z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  z.array(z.string()).refine((list) => list.length % 2 === 0, 'must hold a value for every name'),
])

/**
 * What `POST /v1/verify` takes. What a caller may write is bounded by the body's own size alone: a credential, namespace
 * or path that is far too long and a method that no route can name are the contract's to refuse, as at the gateway.
 */
export const verifyBody = z.strictObject({
  credential: z.string().optional(),
  headers: headers.optional(),
  method: z.string().optional(),
  path: z.string().optional(),
  permissions: z.array(z.string().max(256)).max(100).optional(),
  namespace: z.string().optional(),
  cost: z.int().min(1).max(1_000_000).optional(),
  ip: z.string().max(64).optional(),
})

/**
 * The attempt that a body asks about, or what keeps the gateway from even reading the request it tells of.
 * @throws Problem that names every field at fault
 */
export function attemptOf(body: unknown): Attempt | 'method' | 'path' {
  const { path, ...rest } = validated(verifyBody, body)
  if ((rest.credential === undefined) === (rest.headers === undefined)) {
    const message = rest.credential === undefined ? 'is missing; so is headers' : 'cannot stand beside headers'
    throw invalid([{ field: 'credential', message }])
  }
  const attempt = rest as Attempt
  if (rest.method !== undefined && !isAcceptedMethod(rest.method)) return 'method'
  if (path === undefined) return attempt
  const target = readTarget(path)
  if (target === null) return 'path'
  attempt.path = target.path
  if (target.query !== null) attempt.query = target.query
  return attempt
}
