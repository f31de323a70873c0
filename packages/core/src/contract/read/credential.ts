import { publicIdOf } from '../../key/shape.ts'
import type { CredentialRule, KeyRule, Source } from '../contract.ts'
import { described, Fields, isObject } from './fields.ts'
import { credentialHeaderProblem } from './header.ts'

const standardSource: Source = { header: 'Authorization', scheme: 'Bearer' }

export function readCredential(contract: Fields): CredentialRule {
  const fields = contract.fields('credential')
  const sources = fields.take('sources') === undefined ? [standardSource] : readSources(fields)
  const whenSeveral = fields.choice('whenSeveral', ['first', 'equal', 'refuse'], 'refuse')
  fields.close()
  return { sources, whenSeveral }
}

function readSources(fields: Fields): Source[] {
  const sources = fields.list('sources', (value, path) => readSource(new Fields(value, path, fields.problems), value), {
    whenEmpty: 'the list is empty; a caller needs somewhere to put the key',
  })
  for (const [i, source] of sources.entries()) {
    const rival = sources.slice(0, i).findIndex((earlier) => clash(earlier, source))
    if (rival < 0) continue
    const message = `it reads what sources[${rival}] reads; sources of one header each have their own scheme`
    fields.problems.push({ field: `${fields.at('sources')}[${i}]`, message })
  }
  return sources
}

const sourceFields = ['header', 'scheme', 'basic', 'idHeader', 'secretHeader', 'query', 'keysEndUpInLogs']

function readSource(fields: Fields, data: unknown): Source {
  const source = sourceOf(fields, data)
  fields.close(sourceFields)
  return source
}

function sourceOf(fields: Fields, data: unknown): Source {
  const has = (name: string) => isObject(data) && Object.hasOwn(data, name)
  if (has('basic')) return { basic: fields.choice('basic', ['user', 'password'], 'user') }
  if (has('idHeader') || has('secretHeader')) {
    return {
      idHeader: fields.text('idHeader', { check: credentialHeaderProblem }),
      secretHeader: fields.text('secretHeader', { check: credentialHeaderProblem }),
    }
  }
  if (has('query')) {
    const query = fields.text('query', { check: queryProblem })
    const optIn = fields.take('keysEndUpInLogs')
    if (optIn !== true) {
      fields.report(
        'keysEndUpInLogs',
        `${described(optIn)}; every log on the way keeps addresses, so this must be true`,
      )
    }
    return { query, keysEndUpInLogs: true }
  }
  const header = fields.text('header', { check: credentialHeaderProblem })
  if (fields.take('scheme') === undefined) return { header }
  return { header, scheme: fields.text('scheme', { check: schemeProblem }) }
}

function queryProblem(name: string): string | null {
  return /^[A-Za-z0-9_.~-]+$/.test(name)
    ? null
    : `${described(name)} would have to be encoded; letters, digits and _.~- do not`
}

function schemeProblem(scheme: string): string | null {
  if (scheme.toLowerCase() === 'basic') return 'Basic holds a user and a password: { "basic": "user" } or "password"'
  return /^[A-Za-z][A-Za-z0-9-]*$/.test(scheme) ? null : `${described(scheme)} is no scheme (RFC 9110 §11.1)`
}

/** Fields of a request that a source reads; a scheme alone tells two apart, and the bare value tells nothing apart. */
function placesOf(source: Source): { field: string; scheme: string | null }[] {
  if ('query' in source) return [{ field: `?${source.query}`, scheme: null }]
  if ('basic' in source) return [{ field: 'authorization', scheme: 'basic' }]
  if ('header' in source) return [{ field: source.header.toLowerCase(), scheme: source.scheme?.toLowerCase() ?? null }]
  return [source.idHeader, source.secretHeader].map((header) => ({ field: header.toLowerCase(), scheme: null }))
}

function clash(a: Source, b: Source): boolean {
  return placesOf(a).some((one) =>
    placesOf(b).some(
      (other) =>
        one.field === other.field && (one.scheme === null || other.scheme === null || one.scheme === other.scheme),
    ),
  )
}

/** Where a key as the rule describes it could not be sent as the credential rule asks. */
export function checkTransport(contract: Fields, { sources }: CredentialRule, key: KeyRule): void {
  for (const [i, source] of sources.entries()) {
    const report = (message: string) =>
      contract.problems.push({ field: `${contract.at('credential')}.sources[${i}]`, message })
    if ('idHeader' in source) {
      if (source.idHeader.toLowerCase() === source.secretHeader.toLowerCase()) report('both halves are in one header')
      if (key.forms.some((form) => publicIdOf(form, key) === null))
        report('a key without a publicId has no half to put into a header of its own')
    }
    for (const form of key.forms) {
      const text = form.prefix + (publicIdOf(form, key)?.separator ?? '')
      const unfit = unfitFor(source, text)
      if (unfit !== null) report(`keys that begin with ${described(form.prefix)} ${unfit}`)
    }
  }
}

function unfitFor(source: Source, text: string): string | null {
  if ('query' in source) return /[^A-Za-z0-9_.~-]/.test(text) ? 'would have to be encoded in a query' : null
  if ('basic' in source)
    return source.basic === 'user' && text.includes(':') ? 'have a colon, which ends a user name (RFC 7617 §2)' : null
  const isBearer = 'scheme' in source && source.scheme?.toLowerCase() === 'bearer'
  return isBearer && /[^A-Za-z0-9._~+/-]/.test(text) ? 'cannot follow Bearer (RFC 6750 §2.1)' : null
}
