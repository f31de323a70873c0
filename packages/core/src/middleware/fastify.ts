import type { IncomingMessage, ServerResponse } from 'node:http'
import type {} from 'fastify'
import type { Verifier } from '../verify/verifier.ts'
import type { Admitted } from './admission.ts'
import { compileGate, type NodeGuardOptions } from './on-node.ts'

export type { Admitted, NodeGuardOptions }

declare module 'fastify' {
  interface FastifyRequest {
    keywright: Admitted
  }
}

/**
 * For Fastify: `app.addHook('onRequest', guard(verifier))`. `request.keywright` has the principal. Leave Fastify's
 * `caseSensitive` and `ignoreTrailingSlash` as they are: the contract's routes are exact.
 */
export function guard(verifier: Verifier, options: NodeGuardOptions = {}) {
  const pass = compileGate(verifier, options)
  return async (
    request: { raw: IncomingMessage; params: unknown },
    reply: { raw: ServerResponse; hijack(): unknown },
  ) => {
    const { raw, params } = request
    const passed = await pass(raw, reply.raw, hasEmptyParameter(params) ? unreadable : raw.url)
    if (passed === null) reply.hijack()
    else Object.assign(request, { keywright: passed.admitted })
  }
}

/** Refused with 400. */
const unreadable = ''

/** Fastify runs `/things/:id` for `/things/`, which is no `/things/{id}` to the contract: another rule would decide. */
function hasEmptyParameter(params: unknown): boolean {
  return Object.entries(params ?? {}).some(([name, value]) => value === '' && name !== '*')
}
