import type { Contract, Limit, RefusalFacts, RefusalName } from '@keywright/core'
import { compileLimitHeaders } from '../../core/src/contract/limit-headers.ts'
import { compileRefusals } from '../../core/src/contract/render.ts'
import { compileRoutes } from '../../core/src/contract/route.ts'

/** Says what a contract answers, in whole values that a test can hold against its page. */
export function spoken(contract: Contract) {
  const render = compileRefusals(contract)
  const { matchRoute, namespaceInBody } = compileRoutes(contract)
  const writeLimits = compileLimitHeaders(contract)
  return {
    /** Status, headers, body: as they are sent. */
    refusal: (name: RefusalName, facts: Partial<RefusalFacts> = {}) => {
      const { status, headers, body } = render(name, { requestId: 'req_abc123', ...facts })
      return [status, headers, body]
    },
    /** What a request needs: a permission, null for any key, `anonymous`, or `not_found`. */
    needed: (method: string, path: string) => {
      const { route, permission } = matchRoute(method, path)
      if (route === null) return contract.otherRoutes === 'key' ? null : 'not_found'
      return route.access === 'anonymous' ? 'anonymous' : permission
    },
    matchRoute,
    namespaceInBody,
    limitHeaders: (limit: Limit, remaining: number, now: Date, resetAt: Date) => {
      const headers: Record<string, string> = {}
      writeLimits([{ limit, remaining, resetAt: resetAt.getTime() }], now.getTime(), (name, value) => {
        headers[name] = value
      })
      return headers
    },
  }
}

export const json = { 'content-type': 'application/json', 'cache-control': 'no-store' }
export const problem = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }

/** Rows that say nothing about a key but that it is not accepted. */
export const likeInvalid = ['repeated_credential', 'organization_suspended', 'organization_unpaid'] as const
