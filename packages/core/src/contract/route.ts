import { isPermissionSegment } from '../key/permission.ts'
import type { Contract, Route } from './contract.ts'
import { capturesOf, parsePattern, type RoutePattern } from './route-pattern.ts'

/** What the contract says about one request. */
export interface RouteMatch {
  /** null: none matches, and `otherRoutes` decides. */
  readonly route: Route | null
  /** What a key needs here. One that no key can be given, where the path filled in what is no word. */
  readonly permission: string | null
  /** As the path spells it, unchecked. */
  readonly namespace: string | null
  /** A request here names a namespace, in its path or its body, or is denied. */
  readonly namespaceExpected: boolean
  readonly captures: Readonly<Record<string, string>>
}

/**
 * `required`: the path names no namespace, the body must. `optional`: the path names one, and a JSON body that names
 * one too is checked as well. `no`: the body is never looked at.
 */
export type NamespaceInBody = 'required' | 'optional' | 'no'

export interface Routes {
  /** The first route that matches. `path` is canonical: what is matched here is what is forwarded. */
  matchRoute: (method: string, path: string) => RouteMatch
  namespaceInBody: (method: string, path: string) => NamespaceInBody
  /** The namespace of such a request is `required` of its body. */
  needsBody: (method: string, path: string) => boolean
}

/** @throws RangeError for a path that is no pattern */
export function compileRoutes(contract: Contract): Routes {
  const candidates = contract.routes.map((route) => compileRoute(contract, route))
  const unmatched: RouteMatch = Object.freeze({
    route: null,
    permission: null,
    namespace: null,
    namespaceExpected: contract.namespaces !== null && contract.otherRoutes === 'key',
    captures: none,
  })
  const inBody = contract.namespaces?.body ?? null
  const looseNamespaces = candidates.filter(namesNamespace).map(({ pattern }) => loosePattern(pattern))

  function matchRoute(method: string, path: string): RouteMatch {
    for (let i = 0; i < candidates.length; i++) {
      const match = candidates[i]?.match(method, path)
      if (match) return match
    }
    return unmatched
  }

  function namespaceInBody(method: string, path: string): NamespaceInBody {
    if (inBody === null || !isWithin(inBody.under, path)) return 'no'
    const { namespace, namespaceExpected } = matchRoute(method, path)
    if (!namespaceExpected) return 'no'
    if (namespace !== null) return 'optional'
    if (method !== 'POST' && method !== 'PUT' && method !== 'PATCH') return 'no'
    // An upstream that folds case or drops a trailing dot would find a namespace in this path that nobody checked.
    const loose = loosePath(path)
    return looseNamespaces.some((pattern) => capturesOf(pattern, loose)) ? 'no' : 'required'
  }

  return { matchRoute, namespaceInBody, needsBody: (method, path) => namespaceInBody(method, path) === 'required' }
}

interface Candidate {
  pattern: RoutePattern
  match: (method: string, path: string) => RouteMatch | null
}

const none: Readonly<Record<string, string>> = Object.freeze({})

function compileRoute(contract: Contract, route: Route): Candidate {
  const pattern = parsePattern(route.path)
  if (typeof pattern === 'string') throw new RangeError(`Route ${route.path}: ${pattern}.`)
  const methods = route.methods?.includes('GET') ? [...route.methods, 'HEAD'] : route.methods
  const namespaceExpected = contract.namespaces !== null && route.access !== 'anonymous' && route.namespace !== 'none'
  const { read, write } = permissionsOf(route)
  const matchAs = (permission: string | null, captures: Readonly<Record<string, string>>): RouteMatch => ({
    route,
    permission,
    namespace: (contract.namespaces && captures.namespace) ?? null,
    namespaceExpected,
    captures,
  })

  const firstCapture = pattern.segments.findIndex((segment) => 'capture' in segment)
  if (firstCapture < 0) {
    const prefix = literalText(pattern.segments)
    const { below } = pattern
    const reading = Object.freeze(matchAs(read, none))
    const writing = Object.freeze(matchAs(write, none))
    return {
      pattern,
      match(method, path) {
        if (!path.startsWith(prefix) || (methods && !methods.includes(method))) return null
        const { length } = prefix
        if (path.length !== length && !(below && path.charCodeAt(length) === 0x2f)) return null
        return isRead(method) ? reading : writing
      },
    }
  }

  const prefix = `${literalText(pattern.segments.slice(0, firstCapture))}/`
  const readPermission = fillIn(read)
  const writePermission = fillIn(write)
  return {
    pattern,
    match(method, path) {
      if (!path.startsWith(prefix) || (methods && !methods.includes(method))) return null
      const captures = capturesOf(pattern, path)
      return captures && matchAs((isRead(method) ? readPermission : writePermission)(captures), captures)
    },
  }
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function permissionsOf({ permission }: Route): { read: string | null; write: string | null } {
  return typeof permission === 'object' ? permission : { read: permission ?? null, write: permission ?? null }
}

function literalText(segments: RoutePattern['segments']): string {
  return segments.map((segment) => ('literal' in segment ? `/${segment.literal}` : '')).join('')
}

/** Permissions made from paths are kept, so that a warm one need not be put together; callers choose paths, so not all are. */
const mostKept = 256

function fillIn(template: string | null): (captures: Readonly<Record<string, string>>) => string | null {
  const parts = template?.split(/\{([^}]*)\}/) ?? []
  const [before = '', capture, after = ''] = parts
  if (capture === undefined) return () => template
  if (parts.length > 3) {
    return (captures) => parts.map((part, i) => (i % 2 === 0 ? part : word(captures[part]))).join('')
  }
  const kept = new Map<string, string>()
  return (captures) => {
    const value = captures[capture] ?? ''
    let permission = kept.get(value)
    if (permission === undefined) {
      permission = before + word(value) + after
      if (kept.size === mostKept) kept.clear()
      if (value.length <= 64) kept.set(value, permission)
    }
    return permission
  }
}

/** With `{resource}:read`, a path segment `templates:x` must not become a permission below `templates:*`. */
function word(segment = ''): string {
  if (isPermissionSegment(segment)) return segment
  return `%${segment.replace(/[^A-Za-z0-9_.-]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)}`
}

function isWithin(under: string, path: string): boolean {
  return path.startsWith(under) && (path.length === under.length || path.charCodeAt(under.length) === 0x2f)
}

function namesNamespace({ pattern }: Candidate): boolean {
  return pattern.segments.some((segment) => 'capture' in segment && segment.capture === 'namespace')
}

function loosePattern({ segments, below }: RoutePattern): RoutePattern {
  const folded = segments.map((segment) =>
    'literal' in segment ? { literal: looseSegment(segment.literal) } : segment,
  )
  return { segments: folded, below }
}

function loosePath(path: string): string {
  const segments = path.split('/').map(looseSegment)
  return `/${segments.filter((segment) => segment !== '').join('/')}`
}

function looseSegment(segment: string): string {
  return segment
    .toLowerCase()
    .replace(/;.*$/, '')
    .replace(/(?:\.|%20)+$/, '')
}
