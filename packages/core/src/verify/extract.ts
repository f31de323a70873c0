import type { CredentialRule, Source } from '../contract/contract.ts'
import type { DenialReason } from '../contract/refusal.ts'
import type { HeadersLike } from './outcome.ts'

/** The credential, or why there is none to look at. */
export type Extracted = string | Unusable

export interface Unusable {
  readonly reason: DenialReason
}

const missing: Unusable = { reason: 'missing_credential' }
const repeated: Unusable = { reason: 'repeated_credential' }
const conflicting: Unusable = { reason: 'conflicting_credentials' }
const malformed: Unusable = { reason: 'malformed_credential' }

type Reader = (headers: HeadersLike, query: string | undefined) => Extracted

/**
 * Reads the credential from where the contract says, and from nowhere else. Which source counts is decided by what is
 * present and by its syntax, before anything is checked: a failed check never leads to another source.
 *
 * `join` makes one credential of a public id and a secret.
 */
export function compileExtractor(rule: CredentialRule, join: (id: string, secret: string) => string): Reader {
  const readers = rule.sources.map((source) => readerOf(source, join))
  const [only] = readers
  if (readers.length === 1 && only) return only
  return (headers, query) => {
    let found: Extracted = missing
    for (const read of readers) {
      const value = read(headers, query)
      if (value === missing) continue
      if (found === missing) {
        if (rule.whenSeveral === 'first') return value
        found = value
      } else if (rule.whenSeveral === 'refuse' || value !== found) {
        return conflicting
      }
    }
    return found
  }
}

function readerOf(source: Source, join: (id: string, secret: string) => string): Reader {
  if ('query' in source) return (_, query) => (query === undefined ? missing : fromQuery(query, source.query))
  if ('basic' in source) {
    const token = schemeReader('Authorization', 'Basic')
    return (headers) => {
      const pair = token(headers)
      return typeof pair === 'string' ? fromBasic(pair, source.basic) : pair
    }
  }
  if ('idHeader' in source) {
    const idField = fieldReader(source.idHeader)
    const secretField = fieldReader(source.secretHeader)
    return (headers) => {
      const id = idField(headers)
      const secret = secretField(headers)
      if (id === missing && secret === missing) return missing
      if (id === repeated || secret === repeated) return repeated
      if (typeof id !== 'string' || typeof secret !== 'string') return malformed
      return isJoined(id) || isJoined(secret) ? repeated : join(id, secret)
    }
  }
  return source.scheme === undefined ? fieldReader(source.header) : schemeReader(source.header, source.scheme)
}

/**
 * Proxies and `Headers` join fields of one name with a comma (RFC 9110 §5.3), which no credential holds: it stands for
 * several.
 */
export function isJoined(value: string): boolean {
  return value.includes(',')
}

/** The value of a header given once. A field given twice is refused whatever it holds: no "first wins". */
function fieldReader(written: string): (headers: HeadersLike) => Extracted {
  const lower = written.toLowerCase()
  const { length } = lower

  function isName(candidate: string): boolean {
    if (candidate.length !== length) return false
    return candidate === lower || candidate === written || isSameField(candidate, lower)
  }

  function inList(list: readonly string[]): Extracted {
    let found: string | undefined
    for (let at = 0; at < list.length; at += 2) {
      if (!isName(list[at] as string)) continue
      if (found !== undefined) return repeated
      found = list[at + 1] as string
    }
    return found ?? missing
  }

  function inRecord(record: Readonly<Record<string, string | readonly string[] | undefined>>): Extracted {
    let found: string | undefined
    for (const candidate in record) {
      if (!isName(candidate)) continue
      const value = record[candidate]
      if (value === undefined) continue
      if (found !== undefined || (typeof value !== 'string' && value.length !== 1)) return repeated
      found = typeof value === 'string' ? value : (value[0] as string)
    }
    return found ?? missing
  }

  return (headers) => {
    if (Array.isArray(headers)) return inList(headers)
    // By its method, since there are other `Headers` than the global one.
    if (typeof (headers as Headers).get === 'function') return (headers as Headers).get(lower) ?? missing
    return inRecord(headers as Readonly<Record<string, string | readonly string[] | undefined>>)
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

function schemeReader(header: string, written: string): (headers: HeadersLike) => Extracted {
  const value = fieldReader(header)
  const scheme = written.toLowerCase()
  const start = scheme.length + 1
  const joined = new RegExp(`,[ \\t]*${scheme.replace(/[^a-z0-9]/g, '\\$&')}(?:[ \\t,]|$)`, 'i')
  /** As nearly everyone writes it: in this spelling, with one space. */
  function isUsual(field: string): boolean {
    for (let at = 0; at < start - 1; at++) if (field.charCodeAt(at) !== written.charCodeAt(at)) return false
    return field.charCodeAt(start - 1) === 0x20 && field.charCodeAt(start) > 0x20
  }
  return (headers) => {
    const field = value(headers)
    if (typeof field !== 'string') return field
    if (isUsual(field)) return field.slice(start)
    const token = schemeToken(field, scheme)
    return token === missing && joined.test(field) ? repeated : token
  }
}

/**
 * What follows `scheme` and one or more spaces (RFC 9110 §11.4); `missing` where the field names another scheme.
 * A tab, a no-break space or nothing at all behind the word is a malformed credential of this scheme.
 */
function schemeToken(value: string, scheme: string): Extracted {
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

function fromBasic(token: string, part: 'user' | 'password'): Extracted {
  if (isJoined(token)) return repeated
  if (token.length > 4096 || !base64.test(token)) return malformed
  const pair = Buffer.from(token, 'base64').toString('latin1')
  const colon = pair.indexOf(':')
  if (colon < 0) return malformed
  return part === 'user' ? pair.slice(0, colon) : pair.slice(colon + 1)
}

/** Not percent-decoded: no key holds a character that needs it, so an encoded one is malformed like any other. */
function fromQuery(query: string, name: string): Extracted {
  let found: string | undefined
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    if ((equals < 0 ? pair : pair.slice(0, equals)) !== name) continue
    if (found !== undefined) return repeated
    found = equals < 0 ? '' : pair.slice(equals + 1)
  }
  return found ?? missing
}
