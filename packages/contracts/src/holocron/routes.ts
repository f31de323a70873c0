import type { CreateRoutes } from '../routes/edge-routes.ts'
import { orRefused } from '../routes/refused.ts'
import { compileTable } from '../routes/table.ts'
import { callsOfKey } from './as-key.ts'
import type { Calls } from './calls.ts'

/** The management API. What is not in this table is the upstream's. */
export const createHolocronRoutes: CreateRoutes = (deps) => {
  const { verifier } = deps
  const table = compileTable<Calls>([
    { method: 'GET', path: '/api/v0/me', handle: (calls) => calls.me() },
    { method: 'GET', path: '/api/v0/projects', handle: (calls) => calls.listProjects() },
    { method: 'POST', path: '/api/v0/projects', handle: (calls) => calls.createProject() },
    { method: 'GET', path: '/api/v0/keys', handle: (calls) => calls.listKeys() },
    { method: 'POST', path: '/api/v0/keys', handle: (calls) => calls.createKey() },
    { method: 'DELETE', path: '/api/v0/keys/{id}', handle: (calls, { id = '' }) => calls.deleteKey(id) },
  ])

  return {
    owns: table.has,
    async answer(request) {
      const { method, path, attempt, requestId } = request
      const outcome = await verifier.verify(attempt)
      if (!outcome.allowed) return verifier.refuse(outcome, { requestId })
      const { principal } = outcome
      if (principal === null) throw new Error(`${path} belongs to nobody: a key is needed to act on it.`)
      const calls = callsOfKey(deps, principal, request)
      const answer = await orRefused(verifier, requestId, () => table.handle(method, path, calls))
      return { ...answer, headers: { ...answer.headers, ...asRecord(verifier.responseHeaders(outcome)) } }
    },
  }
}

/** Name, value, name, value, … */
function asRecord(headers: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {}
  for (let at = 0; at < headers.length; at += 2)
    record[(headers[at] as string).toLowerCase()] = headers[at + 1] as string
  return record
}
