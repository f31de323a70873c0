import type { Verifier } from '../verify/verifier.ts'
import type { Admitted, GuardOptions } from './admission.ts'
import { compileWebAdmission, refusalResponse, withHeaders } from './on-web.ts'

export type { Admitted }

export interface NextGuardOptions extends GuardOptions {
  /** How your platform tells the client's address. Absent, keys that are bound to addresses are refused. */
  addressOf?: (request: Request) => string | null
}

/**
 * For route handlers of Next.js on its Node runtime: `export const GET = guard(verifier)(handler)`. The handler runs
 * for allowed requests alone, with the principal in `request.keywright`. Guard the handlers themselves: what runs
 * before routing can be routed around. Rewrites of `next.config` to a guarded handler are judged by what was asked for.
 */
export function guard(verifier: Verifier, { addressOf, ...options }: NextGuardOptions = {}) {
  const admit = compileWebAdmission(verifier, options)
  return <Given extends Request, Context>(
    handler: (request: Given & { keywright: Admitted }, context: Context) => Response | Promise<Response>,
  ) =>
    async (request: Given, context: Context): Promise<Response> => {
      const admission = await admit(request, addressOf?.(request) ?? null)
      if ('refusal' in admission) return refusalResponse(admission.refusal, admission.requestId, request.method)
      const answer = await handler(Object.assign(request, { keywright: admission.admitted }), context)
      return withHeaders(answer, admission.headers)
    }
}
