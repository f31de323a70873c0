import type { Contract } from './contract.ts'
import { ContractError, type Problem } from './contract-error.ts'
import { credentialHeaders } from './credential-headers.ts'
import { exampleProblem, fittingExample, shownMethods } from './example.ts'
import { identityFacts } from './identity-headers.ts'
import { readBody } from './read/body.ts'
import { checkTransport, readCredential } from './read/credential.ts'
import { described, Fields } from './read/fields.ts'
import { headerValueProblem, identityHeaderProblem } from './read/header.ts'
import { readKey } from './read/key.ts'
import { limitHeaderNames, readLimitHeaders, readUsualLimits } from './read/limits.ts'
import { readNamespaces, readPermissions } from './read/reach.ts'
import { readRefusals } from './read/refusals.ts'
import { readRoutes } from './read/routes.ts'
import { readTarget } from './target.ts'
import { splitTemplate } from './template.ts'

/**
 * Reads a contract from data, be it JSON, YAML or TypeScript (`ContractData` has its shape and the defaults), and
 * completes it: what parses can be run. Parsing a parsed contract changes nothing.
 *
 * @throws ContractError with every problem at once
 */
export function parseContract(data: unknown): Contract {
  const problems: Problem[] = []
  const fields = new Fields(data, '', problems)
  if (problems.length > 0) throw new ContractError(problems)
  const name = fields.text('name', { check: nameProblem })
  const title = fields.text('title', { fallback: name, check: wordsProblem })
  const credential = readCredential(fields)
  const key = readKey(fields)
  if (problems.length === 0) checkTransport(fields, credential, key)
  const boundTo = fields.choice('boundTo', ['organization', 'project'], 'organization')
  const oneKeyPerOrganization = fields.flag('oneKeyPerOrganization', false)
  const permissions = readPermissions(fields)
  const namespaces = readNamespaces(fields)
  const routes = readRoutes(fields, {
    kinds: key.forms.map(({ kind }) => kind),
    offered: Object.keys(permissions.offered),
    namespaces,
  })
  const body = readBody(fields)
  const limitHeaders = readLimitHeaders(fields)
  const contract: Contract = {
    name,
    title,
    credential,
    key,
    boundTo,
    oneKeyPerOrganization,
    permissions,
    namespaces,
    routes,
    otherRoutes: fields.choice('otherRoutes', ['key', 'not_found'], 'key'),
    preflight: fields.choice('preflight', ['refuse', 'forward'], 'refuse'),
    rotation: readRotation(fields),
    ...readUsualLimits(fields),
    limitHeaders,
    identityHeaders: readIdentityHeaders(fields, credentialHeaders({ credential }), limitHeaderNames(limitHeaders)),
    body,
    refusals: readRefusals(fields, body, credential),
    docs: readDocs(fields, name),
  }
  fields.close()
  if (problems.length === 0) settleExample(fields, contract)
  if (problems.length > 0) throw new ContractError(problems)
  return frozen(contract)
}

function nameProblem(name: string): string | null {
  return /^[a-z][a-z0-9-]{0,62}$/.test(name) ? null : `${described(name)}; a-z, then a-z, 0-9 and - are needed`
}

function wordsProblem(text: string): string | null {
  return text.trim() === '' ? 'it is empty; leave it out, or write what people call it' : null
}

const monthSeconds = 30 * 86_400

function readRotation(contract: Fields): Contract['rotation'] {
  const fields = contract.fields('rotation')
  const maxGraceSeconds = fields.integer('maxGraceSeconds', { least: 0, most: 366 * 86_400, fallback: monthSeconds })
  const announce = fields.flag('announce', true)
  fields.close()
  return { maxGraceSeconds, announce }
}

function readIdentityHeaders(
  contract: Fields,
  ofCredential: readonly string[],
  limitHeaders: readonly string[],
): Record<string, string> {
  const headers = contract.textRecord('identityHeaders')
  const seen = new Set<string>()
  const reserved = ofCredential.map((name) => name.toLowerCase())
  for (const [header, value] of Object.entries(headers)) {
    const report = (message: string) => contract.report(['identityHeaders', header], message)
    const problem = identityHeaderProblem(header) ?? headerValueProblem(value)
    if (problem !== null) report(problem)
    if (reserved.includes(header.toLowerCase())) report('the credential is sent in this header')
    if (limitHeaders.includes(header.toLowerCase())) report('answers tell of limits in this header')
    if (seen.has(header.toLowerCase())) report('the same header is there twice')
    seen.add(header.toLowerCase())
    for (const part of splitTemplate(value)) {
      if (typeof part === 'object' && !identityFacts.some((fact) => fact === part.name))
        report(`nothing fills {${part.name}}; there are {organization}, {project}, {key} and {user}`)
    }
  }
  return headers
}

function readDocs(contract: Fields, name: string): Contract['docs'] {
  const fields = contract.fields('docs')
  const fallback = `${name.toUpperCase().replaceAll('-', '_')}_API_KEY`
  const variable = fields.text('variable', { fallback, check: variableProblem })
  const organization = fields.text('organization', { fallback: 'organization', check: wordsProblem })
  const example = fields.fields('example')
  const method = example.choice('method', shownMethods, 'GET')
  const path = example.text('path', { fallback: '/', check: pathProblem })
  example.close()
  fields.close()
  return { variable, organization, example: { method, path } }
}

function variableProblem(variable: string): string | null {
  return /^[A-Z][A-Z0-9_]*$/.test(variable) ? null : `${described(variable)}; A-Z, then A-Z, 0-9 and _ are needed`
}

function pathProblem(path: string): string | null {
  return readTarget(path) ? null : `${described(path)}; a path that begins with one slash is needed, as it is sent`
}

/** One that shows no key in use is an error where another would; where none was given, that other is taken. */
function settleExample(fields: Fields, contract: Contract): void {
  const { docs } = contract
  const problem = exampleProblem(contract, docs.example)
  const other = problem === null ? null : fittingExample(contract)
  if (other === null) return
  const { method, path } = docs.example
  if (fields.fields('docs').take('example') === undefined) docs.example = other
  else fields.report(['docs', 'example'], `${method} ${path}: ${problem}; ${other.method} ${other.path} would do`)
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) frozen(member)
  }
  return value
}
