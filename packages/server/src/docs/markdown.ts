/** Text from a contract, as Markdown that shows it and does nothing else. */
export function plain(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]<>()#+!|&~]/g, (character) => `\\${character}`)
    .trim()
}

/** The same in the font of code. A backtick would end it, a bar the cell of a table. */
export function inline(text: string): string {
  return `\`${text.replace(/\s+/g, ' ').replaceAll('`', "'").replaceAll('|', '\\|')}\``
}

/** Markdown of ours as one cell of a table. */
export function inCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/** `info` is the language and, where the example is run by `keywright docs test`, in which situation. */
export function fence(info: string, code: string): string {
  return `\`\`\`\`${info}\n${code}\n\`\`\`\``
}

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Blocks with a blank line between them; what is null is left out. */
export function blocks(...parts: readonly (string | null)[]): string {
  return `${parts.filter((part) => part !== null).join('\n\n')}\n`
}
