import type { RefusalFacts } from './refusal.ts'

/** What a template says where it is not its own text. */
export interface Placeholder {
  name: string
}

/** `Retry after {retryAfter}s` as its text and its placeholders, in order. Braces around anything but a name are text. */
export function splitTemplate(template: string): (string | Placeholder)[] {
  const parts: (string | Placeholder)[] = []
  let end = 0
  for (const match of template.matchAll(/\{([A-Za-z][A-Za-z0-9_]*)\}/g)) {
    if (match.index > end) parts.push(template.slice(end, match.index))
    parts.push({ name: match[1] ?? '' })
    end = match.index + match[0].length
  }
  if (end < template.length) parts.push(template.slice(end))
  return parts
}

export type Fact = (facts: RefusalFacts) => string | number | undefined

/** The placeholders that are known only when a refusal is written. */
export const factsByName: ReadonlyMap<string, Fact> = new Map<string, Fact>([
  ['requestId', (facts) => facts.requestId],
  ['retryAfter', (facts) => (facts.retryAfter === undefined ? undefined : Math.max(1, Math.ceil(facts.retryAfter)))],
  ['limit', (facts) => facts.limit],
  ['window', (facts) => (facts.windowSeconds === undefined ? undefined : inWords(facts.windowSeconds))],
  ['namespace', (facts) => facts.namespace],
  ['organization', (facts) => facts.organization],
  ['permission', (facts) => facts.permission],
])

/** The placeholders every row knows for itself. */
export const rowNames = ['status', 'title'] as const

const units = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
] as const

/** 60: `minute`; 7200: `2 hours`; 90: `90 seconds`. What follows "per". */
function inWords(seconds: number): string {
  const [length, unit] = units.find(([length]) => seconds % length === 0) ?? [1, 'second']
  return seconds === length ? unit : `${seconds / length} ${unit}s`
}
