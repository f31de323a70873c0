import { scanObject } from '../contract/json-members.ts'
import { typeProblem } from './body-type.ts'
import { soleHeader } from './framing.ts'

/**
 * `namespace` is null where the body was not needed and names none. `message` is a sentence that repeats nothing.
 * `named` is there where the `Content-Type` alone stands against what the body names as JSON.
 */
export type NamespaceFound =
  | { valid: true; namespace: string | null }
  | { valid: false; message: string; named?: string | null }

/** How the contract finds it: `NamespaceRule.body`. */
export interface NamespaceMember {
  member: string
  whenAbsent: string
}

/**
 * Reads the namespace that a request names in its body, so that no upstream can read another from the same bytes:
 * whatever parsers are known to disagree on is not valid.
 *
 * `optional` is for a path that names a namespace already: a body that is no JSON object then names none, and `whenAbsent`
 * does not apply. `rawHeaders` (name, value, …): `Content-Encoding` and `Content-Type` say how others will read the body.
 */
export function readNamespaceInBody(
  body: Uint8Array,
  rule: NamespaceMember,
  presence: 'required' | 'optional',
  rawHeaders: readonly string[],
): NamespaceFound {
  const isOptional = presence === 'optional'
  if (isOptional && body.length === 0) return { valid: true, namespace: null }
  const encoding = soleHeader(rawHeaders, 'content-encoding')
  if (encoding === undefined || !/^(?:identity)?$/i.test(encoding?.trim() ?? '')) {
    return invalid('be sent without a Content-Encoding')
  }
  const isObject = !isOptional || mayBeObject(body)
  const found: NamespaceFound = isObject ? readMember(body, rule, isOptional) : { valid: true, namespace: null }
  if (!found.valid) return found
  const problem = typeProblem(rawHeaders, body, isObject)
  return problem === null ? found : { ...invalid(problem), named: found.namespace }
}

function readMember(body: Uint8Array, { member, whenAbsent }: NamespaceMember, isOptional: boolean): NamespaceFound {
  const text = decode(body)
  if (text === null) return invalid('be JSON in UTF-8 without a byte order mark')
  const named: (string | null)[] = []
  let lookalike = false
  const problem = scanObject(text, (name, value) => {
    if (name === member) named.push(value)
    else if (folded(name) === folded(member)) lookalike = true
  })
  if (problem !== null) return invalid(`be one JSON object; ${problem}`)
  if (lookalike) return invalid(`spell the member '${member}' just so`)
  if (named.length > 1) return invalid(`hold the member '${member}' once`)
  const [namespace] = named
  if (namespace === null) return invalid(`hold a string as '${member}'`)
  return { valid: true, namespace: namespace ?? (isOptional ? null : whenAbsent) }
}

function invalid(duty: string): NamespaceFound & { valid: false } {
  return { valid: false, message: `The body must ${duty}.` }
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(body: Uint8Array): string | null {
  try {
    const text = strict.decode(body)
    return text.startsWith('\ufeff') ? null : text
  } catch {
    return null
  }
}

/** Marks and zeros of other encodings, and white space of other dialects: behind them a lenient parser may find an object. */
const skippable = [0x00, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0xef, 0xbb, 0xbf, 0xfe, 0xff]

function mayBeObject(body: Uint8Array): boolean {
  const first = body.find((byte) => !skippable.includes(byte))
  return first === 0x7b
}

/** As parsers fold that ignore case (Go takes `nameſpace` for `namespace`), trim, or end a name at a zero byte. */
function folded(name: string): string {
  const [beforeZero = ''] = name.split('\0', 1)
  return beforeZero.trim().toUpperCase().toLowerCase()
}
