import { styleText } from 'node:util'
import { printable } from './escape.ts'

type Format = 'red' | 'green' | 'yellow' | 'dim'

/** What was changed, which stays so when the result that tells of it gets lost. */
export interface Changed {
  id: string
  /** What to do where a secret is lost that is nowhere else. */
  secretLost?: string
}

let isUnread = false
let isLossSaid = false

/** Whether whoever reads the results has seen enough: `keywright keys list | head`. */
export function nobodyReads(): boolean {
  return isUnread
}

/** What cannot be written ends no command: it may be in the middle of a change. */
export function outliveOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') isUnread = true
    else sayLoss(error)
  })
  process.stderr.on('error', () => {})
}

/** Results. */
export function print(line = '', changed?: Changed): void {
  process.stdout.write(`${line}\n`, (error?: NodeJS.ErrnoException | null) => {
    if (error && changed && (error.code !== 'EPIPE' || changed.secretLost !== undefined)) sayLoss(error, changed)
  })
}

function sayLoss({ code }: NodeJS.ErrnoException, changed?: Changed): void {
  process.exitCode = 1
  if (isLossSaid) return
  isLossSaid = true
  const done = changed ? `, but it was carried out: ${printable(changed.id)}` : ''
  note(`${styledNote('red', 'error:')} The result cannot be written (${code})${done}.`)
  if (changed?.secretLost !== undefined) note(`${styledNote('yellow', 'hint:')} ${printable(changed.secretLost)}`)
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
export function printJson(answer: unknown, changed?: Changed): void {
  print(JSON.stringify(answer), changed)
}
