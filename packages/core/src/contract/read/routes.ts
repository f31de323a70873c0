import { permissionProblem } from '../../key/permission.ts'
import type { NamespaceRule, Route } from '../contract.ts'
import { acceptedMethods } from '../method.ts'
import { covers, parsePattern, type RoutePattern } from '../route-pattern.ts'
import { described, Fields, isObject } from './fields.ts'
import { wordProblem } from './key.ts'
import { readLimits } from './limits.ts'
import { nearest } from './nearest.ts'
import { clause, isOffered } from './reach.ts'

/** What a route may speak of. */
interface Vocabulary {
  kinds: readonly string[]
  offered: readonly string[]
  namespaces: NamespaceRule | null
}

interface Placed {
  route: Route
  pattern: RoutePattern
}

export function readRoutes(contract: Fields, vocabulary: Vocabulary): Route[] {
  const placed: (Placed | null)[] = []
  return contract.list('routes', (value, path) => {
    const fields = new Fields(value, path, contract.problems)
    const route = readRoute(fields, vocabulary.kinds)
    const pattern = parsePattern(route.path)
    fields.close()
    if (typeof pattern === 'string') {
      placed.push(null)
      return route
    }
    checkCaptures(fields, route, pattern, vocabulary)
    const earlier = placed.findIndex((other) => other !== null && shadows(other, { route, pattern }))
    if (earlier >= 0) {
      const message = `${route.path} is never reached: routes[${earlier}] (${placed[earlier]?.route.path}) matches first`
      contract.problems.push({ field: path, message })
    }
    placed.push({ route, pattern })
    return route
  })
}

function readRoute(fields: Fields, kinds: readonly string[]): Route {
  const route: Route = { path: fields.text('path', { check: patternProblem }) }
  if (fields.take('methods') !== undefined) {
    const whenEmpty = 'the list is empty; leave it out for every method'
    route.methods = fields.texts('methods', methodProblem, { whenEmpty })
  }
  const permission = readPermission(fields)
  if (permission !== undefined) route.permission = permission
  if (fields.take('kinds') !== undefined) {
    const whenEmpty = 'the list is empty, so that no key could ever come here'
    const check = (kind: string) => (kinds.includes(kind) ? null : (wordProblem(kind) ?? `no form is of kind ${kind}`))
    route.kinds = fields.texts('kinds', check, { whenEmpty })
  }
  if (fields.take('access') !== undefined) route.access = fields.choice('access', ['key', 'anonymous'], 'key')
  if (fields.take('namespace') !== undefined) route.namespace = fields.choice('namespace', ['none'], 'none')
  if (fields.take('limits') !== undefined) route.limits = readLimits(fields, 'address')
  if (route.access === 'anonymous') checkAnonymous(fields, route)
  else if (route.limits) fields.report('limits', 'only an anonymous route has limits of its own')
  return route
}

function checkAnonymous(fields: Fields, route: Route): void {
  for (const name of ['permission', 'kinds', 'namespace'] as const) {
    if (route[name] !== undefined) fields.report(name, 'nobody is known on an anonymous route')
  }
  for (const [i, { per }] of (route.limits ?? []).entries()) {
    if (per === 'address') continue
    const message = `${per} is not known on an anonymous route; address is`
    fields.problems.push({ field: `${fields.at('limits')}[${i}].per`, message })
  }
}

function readPermission(fields: Fields): Route['permission'] {
  const data = fields.take('permission')
  if (data === undefined) return undefined
  if (!isObject(data)) return fields.text('permission', { check: emptyProblem })
  const both = fields.fields('permission')
  const permission = {
    read: both.text('read', { check: emptyProblem }),
    write: both.text('write', { check: emptyProblem }),
  }
  both.close()
  return permission
}

/** A key with a list never has it, be the list what it may. */
function emptyProblem(permission: string): string | null {
  return permission === '' ? 'it is empty; name one, or leave permission out' : null
}

function patternProblem(path: string): string | null {
  const pattern = parsePattern(path)
  return typeof pattern === 'string' ? pattern : null
}

function methodProblem(method: string): string | null {
  if (acceptedMethods.some((accepted) => accepted === method)) return null
  if (!/^[A-Z]+$/.test(method)) return `${described(method)}; upper-case letters are needed`
  const meant = nearest(method, acceptedMethods)
  return `${method} is never let through${meant === null ? '' : `; did you mean ${meant}?`}`
}

function checkCaptures(fields: Fields, route: Route, pattern: RoutePattern, { offered, namespaces }: Vocabulary): void {
  const captured = pattern.segments.flatMap((segment) => ('capture' in segment ? [segment.capture] : []))
  const { permission } = route
  const needed = typeof permission === 'object' ? Object.entries(permission) : [['', permission ?? '']]
  for (const [which, template] of needed) {
    if (!template) continue
    const problem = templateProblem(template, captured, offered)
    if (problem !== null) fields.report(which ? ['permission', which] : 'permission', problem)
  }
  if (route.access === 'anonymous') return
  if (captured.includes('namespace')) {
    if (namespaces === null) fields.report('path', 'it names {namespace}, but the contract has no namespaces')
    return
  }
  if (namespaces !== null && route.namespace !== 'none' && !canNameInBody(pattern, namespaces)) {
    const message = 'no request here could name its namespace; capture {namespace}, or say "namespace": "none"'
    fields.report('path', message)
  }
}

function templateProblem(template: string, captured: readonly string[], offered: readonly string[]): string | null {
  const names = [...template.matchAll(/\{([^}]*)\}/g)].map(([, name = '']) => name)
  const unknown = names.find((name) => !captured.includes(name))
  if (unknown !== undefined) return `{${unknown}} is not captured by the path`
  const problem = permissionProblem(template.replace(/\{[^}]*\}/g, 'x'))
  if (problem !== null) return clause(problem)
  if (template.includes('*')) return 'a route needs one permission, not all below it'
  if (offered.length === 0) return null
  if (names.length === 0) return isOffered(template, offered) ? null : `${template} is not among permissions.offered`
  // Each name but the last takes as little as it can, once and for all: names would share a text in very many ways.
  const [first = '', ...behind] = template.replace(/[.]/g, '\\.').split(/\{[^}]*\}/)
  const last = behind.pop()
  const least = behind.map((literal, i) => `(?=([^:]+?${literal}))\\${i + 1}`)
  const shape = new RegExp(`^${first}${least.join('')}[^:]+${last}$`)
  const filled = offered.some((one) => shape.test(one) || one.endsWith('*'))
  return filled ? null : `nothing among permissions.offered is like ${template}`
}

function canNameInBody(pattern: RoutePattern, { body }: NamespaceRule): boolean {
  const under = body && parsePattern(`${body.under}/**`)
  if (!under || typeof under === 'string') return false
  return covers(under, pattern) || covers(pattern, under)
}

function shadows(earlier: Placed, later: Placed): boolean {
  const { methods } = earlier.route
  if (!covers(earlier.pattern, later.pattern)) return false
  if (methods === undefined) return true
  const taken = methods.includes('GET') ? [...methods, 'HEAD'] : methods
  return later.route.methods?.every((method) => taken.includes(method)) ?? false
}
