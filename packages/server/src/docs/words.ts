import type { Limit } from '@keywright/core'

const units = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const

/** `30 days`, `a minute`. */
export function span(seconds: number): string {
  for (const [length, unit] of units) {
    const count = seconds / length
    if (Number.isInteger(count)) return count === 1 ? `${unit === 'hour' ? 'an' : 'a'} ${unit}` : `${count} ${unit}s`
  }
  return `${seconds} seconds`
}

export function limitInWords({ requests, windowSeconds, per, kind }: Limit, organization: string): string {
  const whom = per === 'organization' ? organization : per
  const count = `${requests.toLocaleString('en')} request${requests === 1 ? '' : 's'}`
  return kind === 'bucket'
    ? `${count} at once, refilled evenly over ${span(windowSeconds)}, for each ${whom}`
    : `${count} in any ${span(windowSeconds).replace(/^an? /, '')}, for each ${whom}`
}

/** The article that goes before it. */
export function articleOf(word: string): 'a' | 'an' {
  return /^[aeiou]/i.test(word) ? 'an' : 'a'
}

/** `a, b or c`. */
export function either(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
