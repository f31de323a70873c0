import type { Shape } from './shape.ts'

/** What a secret scanner looks for. */
export interface ScanPattern {
  environment: string
  kind: string
  /** What a scanner may search for before it tries the expression. Empty where the form has no prefix. */
  keyword: string
  /** Regular expression in the common subset of RE2, Hyperscan, PCRE and JavaScript; no anchors, no groups, exact lengths. */
  regex: string
}

export function patternOf({ form, positions }: Shape): ScanPattern {
  let regex = escaped(form.prefix)
  for (let i = form.prefix.length; i < positions.length; ) {
    const choice = positions[i] as string
    let count = 1
    while (positions[i + count] === choice) count++
    regex += choice.length === 1 ? escaped(choice).repeat(count) : `[${ranges(choice)}]${count > 1 ? `{${count}}` : ''}`
    i += count
  }
  return { environment: form.environment, kind: form.kind, keyword: form.prefix, regex }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

function ranges(choice: string): string {
  const codes = [...choice].map((character) => character.charCodeAt(0)).sort((a, b) => a - b)
  let text = ''
  for (let i = 0; i < codes.length; ) {
    let last = i
    while (codes[last + 1] === (codes[last] as number) + 1) last++
    const from = String.fromCharCode(codes[i] as number)
    const to = String.fromCharCode(codes[last] as number)
    text += last - i < 2 ? from + (last > i ? to : '') : `${from}-${to}`
    i = last + 1
  }
  // A `-` that means itself stands last; base64url is the only choice that has one.
  return text.startsWith('-') ? `${text.slice(1)}-` : text
}
