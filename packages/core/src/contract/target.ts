/** A request target in its one spelling: what is authorised, and byte for byte what is forwarded. */
export interface Target {
  /** Begins with a slash. No dot segments, no empty ones, nothing encoded that need not be. */
  path: string
  /** Behind the `?`, as it was sent; null where there is none. */
  query: string | null
}

/**
 * Reads an origin-form target (RFC 9112 §3.2.1). null, to be answered with 400, for everything that two readers could
 * read in two ways: dot segments and empty segments, also encoded; an encoded or raw backslash, slash or NUL, however
 * often encoded, or in more bytes than UTF-8 has for it; an unreserved character that is encoded more than once; `;`
 * parameters, which Java servers cut off before they route; broken escapes; fragments; characters that RFC 3986 §3.3 does
 * not allow. Absolute form is refused as well, which RFC 9112 §3.2.2 would have a server accept: this one has no use for a
 * second authority beside `Host`.
 *
 * Two spellings are made one, as RFC 3986 §6.2.2 says: an escape that stands for an unreserved character becomes
 * that character, any other is written in upper case.
 */
export function readTarget(raw: string): Target | null {
  if (raw.charCodeAt(0) !== slash) return null
  let end = raw.length
  let plain = true
  let segment = 1
  for (let i = 1; i < raw.length; i++) {
    const code = raw.charCodeAt(i)
    if (code === questionMark) {
      end = i
      break
    }
    if (code === slash) {
      if (i === segment || isDots(raw, segment, i)) return null
      segment = i + 1
    } else if (code === percent) {
      plain = false
    } else if (code > 0x7e || allowedInPath[code] === 0) {
      return null
    }
  }
  if (isDots(raw, segment, end)) return null
  let query: string | null = null
  if (end < raw.length) {
    if (!isQuery(raw, end + 1)) return null
    query = raw.slice(end + 1)
  }
  if (plain) return { path: end === raw.length ? raw : raw.slice(0, end), query }
  const path = normalised(raw, end)
  return path === null ? null : { path, query }
}

const slash = 0x2f
const questionMark = 0x3f
const percent = 0x25

/** pchar of RFC 3986 §3.3 without `;`. The percent sign and the slash are looked at one by one. */
const allowedInPath = tableOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,=:@")
const unreserved = tableOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~')

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(128)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return table
}

/** `.` or `..`, which the receiver may or may not resolve. */
function isDots(path: string, from: number, to: number): boolean {
  const length = to - from
  return (
    (length === 1 && path.charCodeAt(from) === 0x2e) ||
    (length === 2 && path.charCodeAt(from) === 0x2e && path.charCodeAt(from + 1) === 0x2e)
  )
}

/** Visible ASCII without `#`. What an upstream makes of its query is its own affair, and nothing is authorised by it. */
function isQuery(raw: string, from: number): boolean {
  for (let i = from; i < raw.length; i++) {
    const code = raw.charCodeAt(i)
    if (code < 0x21 || code > 0x7e || code === 0x23) return false
  }
  return true
}

/** What must not hide behind any number of encodings: NUL, `/`, `\`, and what nobody has a reason to encode at all. */
const hidden = /%25(?:25)*(?:00|2[def]|3\d|[46][1-9a-f]|[57][0-9a]|5[cf]|7e)/i

/** Overlong UTF-8 (RFC 3629 §3; RFC 2279 knew six bytes), of which lenient decoders make ASCII. */
const overlong = /%(?:25)*(?:c[01]%(?:25)*[89ab]|e0%(?:25)*[89]|f0%(?:25)*8|f8%(?:25)*8[0-7]|fc%(?:25)*8[0-3])/i

function normalised(raw: string, end: number): string | null {
  let path = ''
  let from = 0
  for (let at = raw.indexOf('%'); at >= 0 && at < end; at = raw.indexOf('%', at + 3)) {
    const code = at + 2 < end ? hex(raw.charCodeAt(at + 1)) * 16 + hex(raw.charCodeAt(at + 2)) : Number.NaN
    if (!(code > 0) || code === slash || code === 0x5c) return null
    path += raw.slice(from, at)
    path += code < 128 && unreserved[code] === 1 ? String.fromCharCode(code) : raw.slice(at, at + 3).toUpperCase()
    from = at + 3
  }
  path += raw.slice(from, end)
  if (hidden.test(path) || overlong.test(path)) return null
  return path.split('/').some((segment) => segment === '.' || segment === '..') ? null : path
}

/** NaN for what is no digit, so that the whole sum is. */
function hex(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : Number.NaN
}
