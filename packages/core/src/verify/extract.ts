import type { CredentialRule, Source } from '../contract/contract.ts'
import type { DenialReason } from '../contract/refusal.ts'
import { CredentialText } from '../key/credential-text.ts'
import type { HeadersLike } from './outcome.ts'

/** Why there is no credential to look at. */
interface Unusable {
  readonly reason: DenialReason
}

const missing: Unusable = { reason: 'missing_credential' }
const repeated: Unusable = { reason: 'repeated_credential' }
const conflicting: Unusable = { reason: 'conflicting_credentials' }
const malformed: Unusable = { reason: 'malformed_credential' }

/** Presents the credential in `into`, or says why it cannot: null where it could. */
type Extractor = (headers: HeadersLike, query: string | undefined, into: CredentialText) => Unusable | null

/** The same for one source, of the fields that were found. */
type Reader = (list: readonly string[], query: string | undefined, into: CredentialText) => Unusable | null

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
      return only(fields.find(headers), query, into)
    }
  }
  const another = new CredentialText()
  return (headers, query, into) => {
    const list = fields.find(headers)
    let found: Unusable | null = missing
    for (let i = 0; i < readers.length; i++) {
      const read = readers[i] as Reader
      const problem = read(list, query, found === missing ? into : another)
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
    const token = schemeReader(fields, field, 'Basic')
    return (list, query, into) => token(list, query, pair) ?? present(fromBasic(pair.toString(), source.basic), into)
  }
  if ('idHeader' in source) {
    const idField = fields.add(source.idHeader)
    const secretField = fields.add(source.secretHeader)
    return (list, _, into) => {
      const id = fields.value(list, idField)
      const secret = fields.value(list, secretField)
      if (id === missing && secret === missing) return missing
      if (id === repeated || secret === repeated) return repeated
      if (typeof id !== 'string' || typeof secret !== 'string') return malformed
      return isJoined(id) || isJoined(secret) ? repeated : present(join(id, secret), into)
    }
  }
  const field = fields.add(source.header)
  if (source.scheme !== undefined) return schemeReader(fields, field, source.scheme)
  return (list, _, into) => present(fields.value(list, field), into)
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
export function isJoined(value: string | CredentialText): boolean {
  return value.includes(',')
}

/** Where a field stands in the list, instead of an index into it. */
const MISSING = -1
const REPEATED = -2

/** The fields that a contract's sources name, found in one walk over the headers of each attempt. */
class Fields {
  private readonly names: { written: string; lower: string }[] = []
  /** Of the attempt at hand: where the value of each name stands in its list. */
  private readonly places: number[] = []
  /** A bit for each length of a name, modulo 32: what passes over nearly every other field at once. */
  private lengths = 0

  /** The index of a field, which several sources may name. */
  add(written: string): number {
    const lower = written.toLowerCase()
    this.lengths |= 1 << lower.length
    const known = this.names.findIndex((name) => name.lower === lower)
    return known >= 0 ? known : this.names.push({ written, lower }) - 1
  }

  /** The headers as a list, to be asked for values until the next are looked through. */
  find(headers: HeadersLike): readonly string[] {
    const list = this.listOf(headers)
    const { lengths, names, places } = this
    for (let field = 0; field < names.length; field++) places[field] = MISSING
    for (let at = 0; at + 1 < list.length; at += 2) {
      const name = list[at] as string
      if ((lengths & (1 << name.length)) !== 0) this.see(name, at + 1)
    }
    return list
  }

  value(list: readonly string[], field: number): string | Unusable {
    const place = this.places[field] as number
    if (place < 0) return place === MISSING ? missing : repeated
    const value: unknown = list[place]
    return typeof value === 'string' ? value : malformed
  }

  private listOf(headers: HeadersLike): readonly string[] {
    if (Array.isArray(headers)) return headers
    const list: string[] = []
    // By its method, since there are other `Headers` than the global one.
    if (typeof (headers as Headers).get === 'function') {
      for (const { lower } of this.names) {
        const value = (headers as Headers).get(lower)
        if (typeof value === 'string') list.push(lower, value)
      }
      return list
    }
    for (const [name, value] of Object.entries(headers as Exclude<HeadersLike, readonly string[] | Headers>)) {
      const values = Array.isArray(value) ? value : [value]
      for (const one of values) if (one !== undefined) list.push(name, one)
    }
    return list
  }

  /** A field given twice is refused whatever it holds: no "first wins". */
  private see(name: string, place: number): void {
    const { names, places } = this
    for (let field = 0; field < names.length; field++) {
      const { written, lower } = names[field] as { written: string; lower: string }
      if (name.length !== lower.length) continue
      if (name === written || name === lower || isSameField(name, lower)) {
        places[field] = places[field] === MISSING ? place : REPEATED
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

function schemeReader(fields: Fields, index: number, written: string): Reader {
  const scheme = written.toLowerCase()
  const joined = new RegExp(`,[ \\t]*${scheme.replace(/[^a-z0-9]/g, '\\$&')}(?:[ \\t,]|$)`, 'i')
  /** As nearly everyone writes it: in this spelling, with one space. */
  const usual = Uint8Array.from(`${written} `, (character) => character.charCodeAt(0))
  return (list, _, into) => {
    const field = fields.value(list, index)
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
