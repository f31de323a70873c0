import type { CredentialRule } from '../contract.ts'
import { type Body, type JsonTemplate, type RefusalName, type RefusalRow, refusalNames } from '../refusal.ts'
import { type StandardRow, standardRefusals } from '../standard-refusals.ts'
import { factsByName, rowNames, splitTemplate } from '../template.ts'
import { readBody } from './body.ts'
import { challengeProblem } from './challenge.ts'
import { described, type Fields } from './fields.ts'
import { headerValueProblem, refusalHeaderProblem } from './header.ts'
import { nearest } from './nearest.ts'

type Refusals = Record<RefusalName, RefusalRow>

/** Rows that are the same for a key that never was and one that was revoked: facts about the key would tell them apart. */
const knowsNobody: readonly RefusalName[] = ['missing_credential', 'repeated_credential', 'invalid_credential']
const aboutTheKey = ['organization', 'namespace', 'permission']

/** A row that is given overrides the standard one field by field; a name stands for that row exactly as it is. */
export function readRefusals(contract: Fields, body: Body, credential: CredentialRule): Refusals {
  const fields = contract.fields('refusals')
  const standard = standardRefusals(howToSend(credential))
  const sameAs = new Map<RefusalName, RefusalName>()
  const rows = new Map<RefusalName, RefusalRow>()
  for (const name of refusalNames) {
    const data = fields.take(name)
    const other = refusalNames.find((candidate) => candidate === data)
    if (data === undefined && name === 'repeated_credential') sameAs.set(name, 'invalid_credential')
    else if (other !== undefined) sameAs.set(name, other)
    else if (typeof data === 'string') fields.report(name, `${described(data)} is no row of the table`)
    else rows.set(name, readRow(fields, name, standard[name], body))
  }
  fields.close()
  const entries = refusalNames.map((name) => {
    let source = name
    for (let steps = 0; steps < refusalNames.length; steps++) source = sameAs.get(source) ?? source
    if (sameAs.has(source)) fields.report(name, 'it is the same as itself; one of the rows must be written out')
    const row = rows.get(source) ?? standard[name]
    const report = (message: string) => fields.report(source === name ? [name, 'values'] : name, message)
    const isReported = source !== name && knowsNobody.includes(source)
    if (knowsNobody.includes(name) && !isReported) reportFactsOfTheKey(row, body, report)
    if (name === 'missing_credential' && source !== name) reportError(row, report)
    return [name, row]
  })
  return Object.fromEntries(entries) as Refusals
}

function reportFactsOfTheKey(
  { values = {}, headers = {}, body }: RefusalRow,
  contractBody: Body,
  report: Report,
): void {
  const used = placeholdersOf(body ?? contractBody)
  for (const text of [...Object.values(values), ...Object.values(headers)]) addPlaceholders(text, used)
  for (const fact of aboutTheKey) {
    if (used.has(fact)) report(`{${fact}} would tell a key that exists from one that does not`)
  }
}

/** In a row that was read for somebody who had sent a credential. */
function reportError({ headers = {} }: RefusalRow, report: Report): void {
  const [, challenge = ''] = Object.entries(headers).find(([name]) => name.toLowerCase() === 'www-authenticate') ?? []
  const problem = challenge === '' ? null : challengeProblem(challenge, true)
  if (problem !== null) report(problem)
}

type Report = (message: string) => void

function readRow(parent: Fields, name: RefusalName, standard: StandardRow, contractBody: Body): RefusalRow {
  const fields = parent.fields(name)
  const status = fields.integer('status', { least: 400, most: 599, fallback: standard.status })
  const ownBody = fields.take('body') === undefined ? null : readBody(fields)
  const headers = readHeaders(fields, name, status)
  const given = fields.textRecord('values')
  fields.close()

  const placeholders = placeholdersOf(ownBody ?? contractBody)
  for (const header of Object.values(headers)) addPlaceholders(header, placeholders)
  const values: Record<string, string> = {}
  for (const [value, text] of Object.entries({ ...standard.values, ...given })) {
    if (placeholders.has(value)) values[value] = text
    else if (Object.hasOwn(given, value)) reportUnused(fields, value, [...placeholders])
  }
  checkPlaceholders(fields, placeholders, values)
  return {
    status,
    ...(Object.keys(values).length > 0 && { values }),
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(ownBody && { body: ownBody }),
  }
}

function readHeaders(fields: Fields, name: RefusalName, status: number): Record<string, string> {
  const headers = fields.textRecord('headers')
  const written = new Set<string>()
  for (const [header, value] of Object.entries(headers)) {
    const report = (message: string) => fields.report(['headers', header], message)
    const isChallenge = header.toLowerCase() === 'www-authenticate'
    const nameProblem = header.toLowerCase() === 'content-type' ? null : refusalHeaderProblem(header)
    if (written.has(header.toLowerCase())) report('it is there in another spelling already')
    written.add(header.toLowerCase())
    const valueProblem = headerValueProblem(value)
    if (nameProblem !== null) report(nameProblem)
    if (isChallenge && value === '' && status === 401) report('a 401 has a challenge (RFC 9110 §15.5.2)')
    const challenge = isChallenge && value !== '' ? challengeProblem(value, name === 'missing_credential') : null
    const problem = valueProblem ?? challenge
    if (problem !== null) report(problem)
  }
  return headers
}

function checkPlaceholders(
  fields: Fields,
  placeholders: ReadonlySet<string>,
  values: Readonly<Record<string, string>>,
): void {
  const used = new Set(placeholders)
  for (const [value, text] of Object.entries(values)) {
    if (isBuiltIn(value)) fields.report(['values', value], `{${value}} has a meaning of its own; choose another name`)
    for (const inner of addPlaceholders(text, new Set())) {
      if (isBuiltIn(inner)) used.add(inner)
      else fields.report(['values', value], unknownPlaceholder(inner, []))
    }
  }
  for (const placeholder of used) {
    if (isBuiltIn(placeholder) || Object.hasOwn(values, placeholder)) continue
    fields.report('values', unknownPlaceholder(placeholder, Object.keys(values)))
  }
}

function isBuiltIn(placeholder: string): boolean {
  return factsByName.has(placeholder) || rowNames.some((name) => name === placeholder)
}

function unknownPlaceholder(placeholder: string, values: readonly string[]): string {
  const meant = nearest(placeholder, [...factsByName.keys(), ...rowNames, ...values])
  return `nothing fills {${placeholder}}${meant === null ? '; give it a value' : `; did you mean {${meant}}?`}`
}

function reportUnused(fields: Fields, value: string, placeholders: readonly string[]): void {
  const meant = nearest(value, placeholders)
  fields.report(['values', value], `the body has no {${value}}${meant === null ? '' : `; did you mean {${meant}}?`}`)
}

function placeholdersOf(body: Body): Set<string> {
  if ('xml' in body) return addPlaceholders(body.xml, new Set())
  if ('text' in body) return addPlaceholders(body.text, new Set())
  return addFromJson('json' in body ? body.json : body.problem, new Set())
}

function addFromJson(template: JsonTemplate, found: Set<string>): Set<string> {
  if (typeof template === 'string') return addPlaceholders(template, found)
  if (typeof template === 'object' && template !== null) {
    for (const member of Object.values(template)) addFromJson(member, found)
  }
  return found
}

function addPlaceholders(template: string, found: Set<string>): Set<string> {
  for (const part of splitTemplate(template)) if (typeof part === 'object') found.add(part.name)
  return found
}

function howToSend({ sources: [source] }: CredentialRule): string {
  if (!source) return 'with it'
  if ('query' in source) return `as the query parameter ${source.query}`
  if ('basic' in source) return `as the ${source.basic} of HTTP Basic`
  if ('idHeader' in source) return `in the ${source.idHeader} and ${source.secretHeader} headers`
  return source.scheme ? `as '${source.header}: ${source.scheme} <key>'` : `in the ${source.header} header`
}
