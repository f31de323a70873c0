/** Text from a contract, as Markdown that shows it and does nothing else. */
export function plain(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]<>()#+!|&~]/g, (character) => `\\${character}`)
    .trim()
}

/** The same in the font of code. A bar would end the cell of a table. */
export function inline(text: string): string {
  const marks = backticks(text, 1)
  // One space at either end is no part of the code (CommonMark 0.31.2 §6.1).
  const space = marks.length > 1 ? ' ' : ''
  return marks + space + text.replace(/\s+/g, ' ').replaceAll('|', '\\|') + space + marks
}

/** Markdown of ours as one cell of a table. */
export function inCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/**
 * `info` is the language and, where the example is run by `keywright docs test`, in which situation. A contract writes
 * what its refusals say: with as many backticks they would end the code, and could begin an example that is run.
 */
export function fence(info: string, code: string): string {
  const marks = backticks(code, 4)
  return `${marks}${info}\n${code}\n${marks}`
}

/** More than stand together anywhere in the text, and so many at least. */
function backticks(text: string, least: number): string {
  const runs = text.match(/`+/g) ?? []
  return '`'.repeat(Math.max(least, ...runs.map(({ length }) => length + 1)))
}

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Blocks with a blank line between them; what is null is left out. */
export function blocks(...parts: readonly (string | null)[]): string {
  return `${parts.filter((part) => part !== null).join('\n\n')}\n`
}
