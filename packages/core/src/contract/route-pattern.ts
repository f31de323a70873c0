/** A route's path as segments, in order. */
export interface RoutePattern {
  segments: readonly ({ literal: string } | { capture: string })[]
  /** It ends in `**`: the path so far and everything below it. */
  below: boolean
}

/** Unreserved characters, sub-delims but `;`, `:`, `@`, or a percent-encoded byte in upper case (RFC 3986 §3.3, §6.2.2.1). */
const literal = /^(?:[A-Za-z0-9._~!$&'()+,=:@-]|%[0-9A-F]{2})+$/
const capture = /^\{([a-z][A-Za-z0-9]*)\}$/

/** @returns what is wrong, as a clause, for a path that is no pattern */
export function parsePattern(path: string): RoutePattern | string {
  if (!path.startsWith('/')) return 'a path begins with a slash'
  if (path === '/') return { segments: [{ literal: '' }], below: false }
  const segments: ({ literal: string } | { capture: string })[] = []
  const names = new Set<string>()
  const parts = path.slice(1).split('/')
  const below = parts.at(-1) === '**'
  if (below) parts.pop()
  for (const part of parts) {
    const name = capture.exec(part)?.[1]
    if (part === '') return 'a segment is empty'
    if (part === '.' || part === '..') return 'dot segments never reach a route'
    if (part.includes(';')) return "a path with ';' never reaches a route"
    if (part.includes('*')) return "'**' is a whole segment, and the last; any one segment is {name}"
    if (/^:[A-Za-z]/.test(part)) return `any one segment is written {${part.slice(1)}}, not ${part}`
    if (name === undefined && !literal.test(part)) return `'${part}' is neither a literal segment nor one {name}`
    const problem = escapeProblem(part)
    if (problem) return problem
    if (name !== undefined && names.has(name)) return `{${name}} is captured twice`
    if (name !== undefined) names.add(name)
    segments.push(name === undefined ? { literal: part } : { capture: name })
  }
  return { segments, below }
}

/** Requests are matched in their one spelling, where it takes no escape that stands for such a character. */
function escapeProblem(part: string): string | null {
  for (const [escaped, digits = ''] of part.matchAll(/%(?:25)*([0-9a-f]{2})/gi)) {
    const character = String.fromCharCode(Number.parseInt(digits, 16))
    if (/[\0/\\]/.test(character)) return `a path with ${escaped} never reaches a route`
    if (/[A-Za-z0-9._~-]/.test(character))
      return `${escaped} is '${character}' where a path reaches a route: write that`
  }
  return null
}

/**
 * A path as a router reads it that decodes: with the escapes of sub-delims, `:` and `@` as those characters. Frameworks
 * and upstreams take `/reports%21purge` to the handler of `/reports!purge`, so that matched by its bytes it would go there
 * under the rule of another route. What is forwarded keeps them: to RFC 3986 §2.2 it is another path.
 *
 * No slash and no percent sign comes out of it: segments stay what they are, and nothing is decoded twice.
 */
export function asRouted(path: string): string {
  return path.indexOf('%') < 0 ? path : path.replace(reservedEscape, decodeURIComponent)
}

const reservedEscape = /%(?:2[146-9A-C]|3[ABD]|40)/gi

/** The pattern of the paths that this one is of, each as `asRouted` has it. */
export function patternAsRouted({ segments, below }: RoutePattern): RoutePattern {
  const decoded = segments.map((segment) => ('literal' in segment ? { literal: asRouted(segment.literal) } : segment))
  return { segments: decoded, below }
}

/** What the path captures; null where it does not match. */
export function capturesOf(pattern: RoutePattern, path: string): Record<string, string> | null {
  const captures: Record<string, string> = {}
  let at = 0
  for (const segment of pattern.segments) {
    if (path.charCodeAt(at) !== slash) return null
    at++
    if ('literal' in segment) {
      if (!path.startsWith(segment.literal, at)) return null
      at += segment.literal.length
    } else {
      const next = path.indexOf('/', at)
      const end = next < 0 ? path.length : next
      if (end === at) return null
      captures[segment.capture] = path.slice(at, end)
      at = end
    }
  }
  return at === path.length || (pattern.below && path.charCodeAt(at) === slash) ? captures : null
}

const slash = 0x2f

/** Everything that `narrow` matches, `wide` does too, as a router reads both. */
export function covers(wide: RoutePattern, narrow: RoutePattern): boolean {
  if (narrow.segments.length < wide.segments.length) return false
  if (!wide.below && (narrow.below || narrow.segments.length > wide.segments.length)) return false
  return wide.segments.every((segment, i) => {
    const other = narrow.segments[i]
    if (!other || 'capture' in other) return other !== undefined && 'capture' in segment
    return 'capture' in segment ? other.literal !== '' : asRouted(other.literal) === asRouted(segment.literal)
  })
}
