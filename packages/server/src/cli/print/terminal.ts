import { styleText } from 'node:util'

type Format = 'red' | 'green' | 'yellow' | 'dim'

/** Results. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** What is said beside the results, for people. */
export function note(line = ''): void {
  process.stderr.write(`${line}\n`)
}

/** In colour where the results go to a terminal; `NO_COLOR` is honoured. */
export function styled(format: Format, text: string): string {
  return styleText(format, text, { stream: process.stdout })
}

export function styledNote(format: Format, text: string): string {
  return styleText(format, text, { stream: process.stderr })
}

/** Whether there is someone to ask. Questions go to stderr, so that results may go into a variable. */
export function isInteractive(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** What the API answered, byte for byte as it writes JSON. */
export function printJson(answer: unknown): void {
  print(JSON.stringify(answer))
}
