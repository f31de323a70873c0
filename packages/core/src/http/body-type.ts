import { soleHeader } from './framing.ts'

/**
 * What a `Content-Type` has to be for every reader to find in a body what is in it as JSON in UTF-8; null: it is so.
 * body-parser, for one, reads `charset=utf-7`, where `+ACI-` is a quotation mark, and forms by their separators alone.
 */
export function typeProblem(rawHeaders: readonly string[], body: Uint8Array, isObject: boolean): string | null {
  const type = soleHeader(rawHeaders, 'content-type')
  // Web `Headers` join what was repeated by a comma.
  if (type === undefined || type?.includes(',')) return 'come with one Content-Type'
  if (type === null) return null
  if (!isReadAsUtf8(type)) return 'be in UTF-8 by its Content-Type too'
  const separators = forms.find(({ name }) => name.test(type))?.separators
  if (!separators || (isObject && !separators.test(latin1.decode(body)))) return null
  return 'be sent as application/json; a form may name another namespace in it'
}

const latin1 = new TextDecoder('latin1')

/** Without separators a form is one pair, whose name begins with the object's brace, or has no part at all. */
const forms = [
  { name: /urlencoded/i, separators: /[&;]/ },
  { name: /multipart/i, separators: /--/ },
]

/** Also by readers who take the first `charset` they find, or the last, or none that is quoted. */
function isReadAsUtf8(type: string): boolean {
  const [before = '', after, ...more] = type.split(/charset/i)
  if (after === undefined) return true
  return more.length === 0 && before.trimEnd().endsWith(';') && asciiKept.test(after)
}

/** Encodings in which the bytes of ASCII mean what they mean in UTF-8; all others are outside of strings an error. */
const asciiKept = /^\s*=\s*("?)(?:utf-?8|us-ascii|iso-8859-1)\1\s*(?:;|$)/i
