import type { KeyForm } from '../key/format.ts'
import type { Contract } from './contract.ts'
import { acceptedMethods } from './method.ts'
import { compileRoutes, type RouteMatch, readingsOf } from './route.ts'
import { parsePattern } from './route-pattern.ts'
import { readTarget } from './target.ts'

type Example = Contract['docs']['example']

/** What the documentation has to send, and with which form of key; null: no request shows a key in use. */
export function shownBy(contract: Contract): { form: KeyForm; body: string | null } | null {
  const { key, docs, namespaces } = contract
  const { method } = docs.example
  const path = pathOf(docs.example)
  const { matchRoute, namespaceInBody } = compileRoutes(contract)
  const form = formTaken(key.forms, readingsOf(matchRoute(method, path)))
  if (!form) return null
  if (!namespaces?.body || namespaceInBody(method, path) !== 'required') return { form, body: null }
  return { form, body: JSON.stringify({ [namespaces.body.member]: namespaces.default[0] }) }
}

/** Why it shows no key in use, as a clause, or null. */
export function exampleProblem(contract: Contract, example: Example): string | null {
  const { key, namespaces, otherRoutes } = contract
  const path = pathOf(example)
  const { matchRoute, namespaceInBody } = compileRoutes(contract)
  const readings = readingsOf(matchRoute(example.method, path))
  if (otherRoutes === 'not_found' && readings.some(({ route }) => route === null)) return 'no route matches it'
  if (readings.every(({ route }) => route?.access === 'anonymous')) return 'its route asks for no key'
  if (!formTaken(key.forms, readings)) return 'its route takes no key that is made'
  const named = readings.flatMap(({ namespace, namespaceExpected }) => (namespaceExpected ? [namespace] : []))
  if (named.includes(null) && namespaceInBody(example.method, path) !== 'required') return 'it names no namespace'
  const isHeld = named.every((namespace) => namespace === null || namespaces?.default.includes(namespace))
  return isHeld ? null : 'its namespace is none of namespaces.default'
}

/** The first request that has none of these faults; null: there is none. */
export function fittingExample(contract: Contract): Example | null {
  const candidates = contract.routes.flatMap(({ path, methods = ['GET', 'POST'] }) =>
    methods
      .filter((method) => shownMethods.includes(method))
      .map((method) => ({ method, path: filledIn(path, contract) })),
  )
  const inBody = contract.namespaces?.body
  const others = inBody ? [{ method: 'POST', path: inBody.under }] : [{ method: 'GET', path: '/v1' }]
  const fits = (example: Example) => exampleProblem(contract, example) === null
  return [...candidates, ...others].find(fits) ?? null
}

/** An answer to `HEAD` has no body to show, and others are never let through. */
export const shownMethods: readonly string[] = acceptedMethods.filter((method) => method !== 'HEAD')

/** As the request is matched that is sent there. */
function pathOf({ path }: Example): string {
  return readTarget(path)?.path ?? path
}

function formTaken(forms: readonly KeyForm[], readings: readonly RouteMatch[]): KeyForm | undefined {
  return forms.find(
    ({ retired, kind }) =>
      !retired && readings.every(({ route }) => (route?.kinds ? route.kinds.includes(kind) : kind !== 'publishable')),
  )
}

function filledIn(path: string, { namespaces }: Contract): string {
  const pattern = parsePattern(path)
  if (typeof pattern === 'string') return path
  const segments = pattern.segments.map((segment) => {
    if ('literal' in segment) return segment.literal
    return segment.capture === 'namespace' ? (namespaces?.default[0] ?? segment.capture) : segment.capture
  })
  return `/${segments.join('/')}`
}
