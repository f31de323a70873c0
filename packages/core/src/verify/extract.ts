import type { CredentialRule, Source } from '../contract/contract.ts'
import type { DenialReason } from '../contract/refusal.ts'
import { CredentialText } from '../key/credential-text.ts'
import type { HeadersLike } from './outcome.ts'

/** Why there is no credential to look at. */
export interface Unusable {
  readonly reason: DenialReason
}

const missing: Unusable = { reason: 'missing_credential' }
const repeated: Unusable = { reason: 'repeated_credential' }
const conflicting: Unusable = { reason: 'conflicting_credentials' }
const malformed: Unusable = { reason: 'malformed_credential' }

/** Presents the credential in `into`, or says why it cannot: null where it could. */
type Extractor = (headers: HeadersLike, query: string | undefined, into: CredentialText) => Unusable | null

/** The same for one source, of the fields that were found. */
type Reader = (fields: Fields, query: string | undefined, into: CredentialText) => Unusable | null

/**
 * Reads the credential from where the contract says, and from nowhere else. Which source counts is decided by what is
 * present and by its syntax, before anything is checked: a failed check never leads to another source.
 *
 * `join` makes one credential of a public id and a secret.
 */
export function compileExtractor(rule: CredentialRule, join: (id: string, secret: string) => string): Extractor {
  const fields = new Fields()
  const readers = rule.sources.map((source) => readerOf(source, fields, join))
  const [only] = readers
  if (readers.length === 1 && only) {
    return (headers, query, into) => {
      fields.find(headers)
      return only(fields, query, into)
    }
  }
  const another = new CredentialText()
  return (headers, query, into) => {
    fields.find(headers)
    let found: Unusable | null = missing
    for (let i = 0; i < readers.length; i++) {
      const read = readers[i] as Reader
      const problem = read(fields, query, found === missing ? into : another)
      if (problem === missing) continue
      if (found === missing) {
        if (rule.whenSeveral === 'first') return problem
        found = problem
      } else if (rule.whenSeveral === 'refuse' || problem !== found || !isSame(problem, into, another)) {
        return conflicting
      }
    }
    return found
  }
}

function isSame(problem: Unusable | null, one: CredentialText, other: CredentialText): boolean {
  return problem !== null || one.toString() === other.toString()
}

function readerOf(source: Source, fields: Fields, join: (id: string, secret: string) => string): Reader {
  if ('query' in source) {
    return (_, query, into) => (query === undefined ? missing : present(fromQuery(query, source.query), into))
  }
  if ('basic' in source) {
    const field = fields.add('Authorization')
    const pair = new CredentialText()
    const token = schemeReader(field, 'Basic')
    return (found, query, into) => token(found, query, pair) ?? present(fromBasic(pair.toString(), source.basic), into)
  }
  if ('idHeader' in source) {
    const idField = fields.add(source.idHeader)
    const secretField = fields.add(source.secretHeader)
    return ({ values }, _, into) => {
      const id = values[idField]
      const secret = values[secretField]
      if (id === missing && secret === missing) return missing
      if (id === repeated || secret === repeated) return repeated
      if (typeof id !== 'string' || typeof secret !== 'string') return malformed
      return isJoined(id) || isJoined(secret) ? repeated : present(join(id, secret), into)
    }
  }
  const field = fields.add(source.header)
  if (source.scheme !== undefined) return schemeReader(field, source.scheme)
  return ({ values }, _, into) => present(values[field] as string | Unusable, into)
}

function present(value: string | Unusable, into: CredentialText): Unusable | null {
  if (typeof value !== 'string') return value
  into.set(value)
  return null
}

/**
 * Proxies and `Headers` join fields of one name with a comma (RFC 9110 §5.3), which no credential holds: it stands for
 * several.
 */
export function isJoined(value: string): boolean {
  return value.includes(',')
}

/** The fields that a contract's sources name, found in one walk over the headers of each attempt. */
class Fields {
  /** Of the attempt at hand, in the order they were added. */
  readonly values: (string | Unusable)[] = []
  private readonly names: { written: string; lower: string }[] = []
  /** A bit for each length of a name, modulo 32: what passes over nearly every other field at once. */
  private lengths = 0

  /** The index of a field, which several sources may name. */
  add(written: string): number {
    const lower = written.toLowerCase()
    this.lengths |= 1 << lower.length
    const known = this.names.findIndex((name) => name.lower === lower)
    return known >= 0 ? known : this.names.push({ written, lower }) - 1
  }

  find(headers: HeadersLike): void {
    for (let field = 0; field < this.names.length; field++) this.values[field] = missing
    if (Array.isArray(headers)) this.findInList(headers)
    // By its method, since there are other `Headers` than the global one.
    else if (typeof (headers as Headers).get === 'function') this.findInHeaders(headers as Headers)
    else this.findInRecord(headers as Exclude<HeadersLike, readonly string[] | Headers>)
  }

  private findInList(list: readonly string[]): void {
    const { lengths } = this
    for (let at = 0; at + 1 < list.length; at += 2) {
      const name = list[at] as string
      if ((lengths & (1 << name.length)) !== 0) this.see(name, list[at + 1] as string)
    }
  }

  private findInHeaders(headers: Headers): void {
    for (const [field, { lower }] of this.names.entries()) this.values[field] = headers.get(lower) ?? missing
  }

  private findInRecord(record: Readonly<Record<string, string | readonly string[] | undefined>>): void {
    for (const name in record) {
      const value = record[name]
      if (typeof value === 'string') this.see(name, value)
      else if (value !== undefined) this.see(name, value.length === 1 ? (value[0] as string) : repeated)
    }
  }

  /** A field given twice is refused whatever it holds: no "first wins". */
  private see(name: string, value: string | Unusable): void {
    const { names, values } = this
    for (let field = 0; field < names.length; field++) {
      const { written, lower } = names[field] as { written: string; lower: string }
      if (name.length !== lower.length) continue
      if (name === written || name === lower || isSameField(name, lower)) {
        values[field] = values[field] === missing ? value : repeated
      }
    }
  }
}

/** By the letters of ASCII alone: `toLowerCase` would make a K of the Kelvin sign. */
function isSameField(name: string, lower: string): boolean {
  for (let at = 0; at < lower.length; at++) {
    const code = name.charCodeAt(at)
    if ((code >= 0x41 && code <= 0x5a ? code | 0x20 : code) !== lower.charCodeAt(at)) return false
  }
  return true
}

function schemeReader(index: number, written: string): Reader {
  const scheme = written.toLowerCase()
  const joined = new RegExp(`,[ \\t]*${scheme.replace(/[^a-z0-9]/g, '\\$&')}(?:[ \\t,]|$)`, 'i')
  /** As nearly everyone writes it: in this spelling, with one space. */
  const usual = Uint8Array.from(`${written} `, (character) => character.charCodeAt(0))
  return ({ values }, _, into) => {
    const field = values[index] as string | Unusable
    if (typeof field !== 'string') return field
    into.set(field, usual.length)
    if (into.follows(usual)) return null
    const token = schemeToken(field, scheme)
    return token === missing && joined.test(field) ? repeated : present(token, into)
  }
}

/**
 * What follows `scheme` and one or more spaces (RFC 9110 §11.4); `missing` where the field names another scheme.
 * A tab, a no-break space or nothing at all behind the word is a malformed credential of this scheme.
 */
function schemeToken(value: string, scheme: string): string | Unusable {
  const { length } = scheme
  for (let at = 0; at < length; at++) {
    // Scheme words are letters, digits and hyphens; for none of these does the bit for lower case merge two of them.
    if ((value.charCodeAt(at) | 0x20) !== scheme.charCodeAt(at)) return value.length === 0 ? malformed : missing
  }
  if (value.length > length && isTokenCharacter(value.charCodeAt(length))) return missing
  let start = length
  while (value.charCodeAt(start) === 0x20) start++
  return start === length || start === value.length ? malformed : value.slice(start)
}

function isTokenCharacter(code: number): boolean {
  return code > 0x20 && code < 0x7f && !'"(),/:;<=>?@[\\]{}'.includes(String.fromCharCode(code))
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function fromBasic(token: string, part: 'user' | 'password'): string | Unusable {
  if (isJoined(token)) return repeated
  if (token.length > 4096 || !base64.test(token)) return malformed
  const pair = Buffer.from(token, 'base64').toString('latin1')
  const colon = pair.indexOf(':')
  if (colon < 0) return malformed
  return part === 'user' ? pair.slice(0, colon) : pair.slice(colon + 1)
}

/** Not percent-decoded: no key holds a character that needs it, so an encoded one is malformed like any other. */
function fromQuery(query: string, name: string): string | Unusable {
  let found: string | undefined
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    if ((equals < 0 ? pair : pair.slice(0, equals)) !== name) continue
    if (found !== undefined) return repeated
    found = equals < 0 ? '' : pair.slice(equals + 1)
  }
  return found ?? missing
}
