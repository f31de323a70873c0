import { isPermissionSegment } from '../key/permission.ts'
import type { Contract, Route } from './contract.ts'
import { asRouted, capturesOf, parsePattern, patternAsRouted, type RoutePattern } from './route-pattern.ts'

/** What the contract says about one request. */
export interface RouteMatch {
  /** null: none matches, and `otherRoutes` decides. */
  readonly route: Route | null
  /** What a key needs here. One that no key can be given, where the path filled in what is no word. */
  readonly permission: string | null
  /** As a decoding upstream reads it in the path, unchecked. */
  readonly namespace: string | null
  /** A request here names a namespace, in its path or its body, or is denied. */
  readonly namespaceExpected: boolean
  readonly captures: Readonly<Record<string, string>>
  /**
   * What an upstream would route to that decodes nothing, or drops a slash at the end, where it is not the same. A request
   * has to satisfy both.
   */
  readonly otherReading: RouteMatch | null
}

/**
 * `required`: the path names no namespace, the body must. `optional`: the path names one, and a JSON body that names
 * one too is checked as well. `no`: the body is never looked at.
 */
export type NamespaceInBody = 'required' | 'optional' | 'no'

export interface Routes {
  /** The first route that matches. `path` is canonical, as it is forwarded. */
  matchRoute: (method: string, path: string) => RouteMatch
  namespaceInBody: (method: string, path: string) => NamespaceInBody
}

/** @throws RangeError for a path that is no pattern */
export function compileRoutes(contract: Contract): Routes {
  const decoded = contract.routes.map((route) => compileRoute(contract, route, patternAsRouted))
  const plain = contract.routes.every((route) => asRouted(route.path) === route.path)
  const asWritten = plain ? decoded : contract.routes.map((route) => compileRoute(contract, route))
  const unmatched: RouteMatch = Object.freeze({
    route: null,
    permission: null,
    namespace: null,
    namespaceExpected: contract.namespaces !== null && contract.otherRoutes === 'key',
    captures: none,
    otherReading: null,
  })
  const inBody = contract.namespaces?.body ?? null
  const under = inBody && asRouted(inBody.under)
  const looseNamespaces = decoded.filter(namesNamespace).map(({ pattern }) => loosePattern(pattern))

  function firstOf(candidates: readonly Candidate[], method: string, path: string): RouteMatch {
    for (let i = 0; i < candidates.length; i++) {
      const match = candidates[i]?.match(method, path)
      if (match) return match
    }
    return unmatched
  }

  function matchRoute(method: string, path: string): RouteMatch {
    const match = matchAsSent(method, path)
    if (path.length === 1 || path.charCodeAt(path.length - 1) !== slash) return match
    const other = matchAsSent(method, path.slice(0, -1))
    return other.route === match.route && other.otherReading === null ? match : satisfyingBoth(match, other)
  }

  function matchAsSent(method: string, path: string): RouteMatch {
    const routed = asRouted(path)
    const match = firstOf(decoded, method, routed)
    if (plain && routed === path) return match
    const other = firstOf(asWritten, method, path)
    return other.route === match.route ? match : Object.freeze({ ...match, otherReading: other })
  }

  function namespaceInBody(method: string, forwarded: string): NamespaceInBody {
    const path = asRouted(forwarded)
    if (under === null || !isWithin(under, path)) return 'no'
    return inBodyOfAll(matchRoute(method, forwarded), method, path)
  }

  function inBodyOfAll(match: RouteMatch, method: string, path: string): NamespaceInBody {
    const own = inBodyOf(match, method, path)
    if (match.otherReading === null) return own
    const other = inBodyOfAll(match.otherReading, method, path)
    return other === 'no' || own === 'required' ? own : other
  }

  function inBodyOf({ namespace, namespaceExpected }: RouteMatch, method: string, path: string): NamespaceInBody {
    if (!namespaceExpected) return 'no'
    if (namespace !== null) return 'optional'
    if (method !== 'POST' && method !== 'PUT' && method !== 'PATCH') return 'no'
    // An upstream that folds case or drops a trailing dot would find a namespace in this path that nobody checked.
    const loose = loosePath(path)
    return looseNamespaces.some((pattern) => capturesOf(pattern, loose)) ? 'no' : 'required'
  }

  return { matchRoute, namespaceInBody }
}

/** All that a request has to satisfy. */
export function readingsOf(match: RouteMatch): RouteMatch[] {
  return match.otherReading === null ? [match] : [match, ...readingsOf(match.otherReading)]
}

function satisfyingBoth(one: RouteMatch, other: RouteMatch): RouteMatch {
  const { otherReading } = one
  return Object.freeze({ ...one, otherReading: otherReading === null ? other : satisfyingBoth(otherReading, other) })
}

interface Candidate {
  pattern: RoutePattern
  match: Match
}

type Match = (method: string, path: string) => RouteMatch | null
type Captures = Readonly<Record<string, string>>

const none: Captures = Object.freeze({})
const slash = 0x2f

/** Matches made from paths are kept, so that a warm one costs nothing; callers choose paths, so not all are. */
const mostKept = 256
const longestKept = 64

function compileRoute(contract: Contract, route: Route, spell = (pattern: RoutePattern) => pattern): Candidate {
  const parsed = parsePattern(route.path)
  if (typeof parsed === 'string') throw new RangeError(`Route ${route.path}: ${parsed}.`)
  const pattern = spell(parsed)
  const { permission } = route
  const read = fillIn(typeof permission === 'object' ? permission.read : permission)
  const write = fillIn(typeof permission === 'object' ? permission.write : permission)
  const namespaceExpected = contract.namespaces !== null && route.access !== 'anonymous' && route.namespace !== 'none'
  const make = (isRead: boolean, captures: Captures): RouteMatch =>
    Object.freeze({
      route,
      permission: (isRead ? read : write)(captures),
      namespace: (contract.namespaces && captures.namespace) ?? null,
      namespaceExpected,
      captures,
      otherReading: null,
    })
  const methods = route.methods?.includes('GET') ? [...route.methods, 'HEAD'] : route.methods
  return { pattern, match: matcherOf(pattern)(pattern, methods, make) }
}

function matcherOf({ segments }: RoutePattern) {
  const captures = segments.filter((segment) => 'capture' in segment)
  if (captures.length === 0) return matchLiteral
  return captures.length === 1 && captures[0] === segments.at(-1) ? matchOne : matchAny
}

type Make = (isRead: boolean, captures: Captures) => RouteMatch

function matchLiteral({ segments, below }: RoutePattern, methods: Route['methods'], make: Make): Match {
  const prefix = literalText(segments)
  const { length } = prefix
  const reading = make(true, none)
  const writing = make(false, none)
  return (method, path) => {
    if (path.length !== length && (!below || path.charCodeAt(length) !== slash)) return null
    if (!path.startsWith(prefix) || (methods && !methods.includes(method))) return null
    return isReading(method) ? reading : writing
  }
}

/** `/api/{resource}` and `/api/{resource}/**`. */
function matchOne({ segments, below }: RoutePattern, methods: Route['methods'], make: Make): Match {
  const prefix = `${literalText(segments.slice(0, -1))}/`
  const start = prefix.length
  const last = segments.at(-1)
  const name = last && 'capture' in last ? last.capture : ''
  const reading = new Map<string, RouteMatch>()
  const writing = new Map<string, RouteMatch>()
  return (method, path) => {
    if (path.charCodeAt(start - 1) !== slash || !path.startsWith(prefix)) return null
    const next = path.indexOf('/', start)
    const end = next < 0 ? path.length : next
    if (end === start || (next >= 0 && !below) || (methods && !methods.includes(method))) return null
    const value = path.slice(start, end)
    const kept = isReading(method) ? reading : writing
    const known = kept.get(value)
    if (known) return known
    const made = make(isReading(method), Object.freeze({ [name]: value }))
    if (kept.size >= mostKept) kept.clear()
    if (value.length <= longestKept) kept.set(value, made)
    return made
  }
}

function matchAny(pattern: RoutePattern, methods: Route['methods'], make: Make): Match {
  const firstCapture = pattern.segments.findIndex((segment) => 'capture' in segment)
  const prefix = `${literalText(pattern.segments.slice(0, firstCapture))}/`
  return (method, path) => {
    if (!path.startsWith(prefix) || (methods && !methods.includes(method))) return null
    const captures = capturesOf(pattern, path)
    return captures && make(isReading(method), captures)
  }
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function literalText(segments: RoutePattern['segments']): string {
  return segments.map((segment) => ('literal' in segment ? `/${segment.literal}` : '')).join('')
}

function fillIn(template: string | undefined): (captures: Captures) => string | null {
  const parts = template?.split(/\{([^}]*)\}/) ?? []
  if (parts.length < 2) return () => template ?? null
  return (captures) => parts.map((part, i) => (i % 2 === 0 ? part : word(captures[part]))).join('')
}

/** With `{resource}:read`, a path segment `templates:x` must not become a permission below `templates:*`. */
function word(segment = ''): string {
  if (isPermissionSegment(segment)) return segment
  return `%${segment.replace(/[^A-Za-z0-9_.-]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)}`
}

function isWithin(under: string, path: string): boolean {
  return path.startsWith(under) && (path.length === under.length || path.charCodeAt(under.length) === slash)
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
