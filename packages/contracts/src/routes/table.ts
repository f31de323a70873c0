import { capturesOf, parsePattern, type RoutePattern } from '@keywright/core'
import type { EdgeAnswer } from './edge-routes.ts'
import type { Member } from './members.ts'
import { Refused } from './refused.ts'

/** What those are told of a route who call it. */
export interface RouteNote {
  method: 'GET' | 'POST' | 'DELETE'
  /** Whole segments: `/gate/admin/usage/{tenant}`. */
  path: string
  /** One sentence. */
  about: string
  /** Members of its body; absent: it takes none. */
  takes?: Readonly<Record<string, Pick<Member<unknown>, 'expected' | 'optional'>>>
  /** For one, what it may answer. */
  answers: { status: number; body: object }
}

/** `Call` is what a handler is given besides what the path captured. */
export interface OwnRoute<Call> extends RouteNote {
  handle(call: Call, captures: Readonly<Record<string, string>>): Promise<EdgeAnswer>
}

export interface Table<Call> {
  has(path: string): boolean
  /** @throws Refused `not_found` where there is no such route */
  handle(method: string, path: string, call: Call): Promise<EdgeAnswer>
}

export function compileTable<Call>(routes: readonly OwnRoute<Call>[]): Table<Call> {
  const rows = routes.map((route) => ({ ...route, pattern: patternOf(route.path) }))

  return {
    has: (path) => rows.some(({ pattern }) => capturesOf(pattern, path) !== null),
    async handle(method, path, call) {
      const asked = method === 'HEAD' ? 'GET' : method
      const others: string[] = []
      for (const row of rows) {
        const captures = capturesOf(row.pattern, path)
        if (captures === null) continue
        if (row.method === asked) return row.handle(call, captures)
        others.push(row.method)
      }
      throw new Refused(
        'not_found',
        others.length === 0 ? null : `There is no ${method} here. Use ${others.join(' or ')}.`,
      )
    },
  }
}

function patternOf(path: string): RoutePattern {
  const pattern = parsePattern(path)
  if (typeof pattern === 'string') throw new RangeError(`Route ${path}: ${pattern}.`)
  return pattern
}
