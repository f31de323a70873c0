import { type Logger as Pino, pino } from 'pino'
import type { Redact } from './redact.ts'

/** What may be told. Whatever is not here has no place in the log; headers and bodies never have. */
export interface Facts {
  requestId?: string
  method?: string
  /** Canonical, without the query. */
  path?: string
  /** The contract's pattern, or the first words of a path. */
  route?: string
  status?: number
  /** `allowed`, or why not. */
  verdict?: string
  key?: string
  organization?: string
  address?: string
  ms?: number
  /** Sent to the caller, the head included. */
  bytes?: number
  edge?: string
  control?: string
  contract?: string
  /** Numbers of changes: the last one applied here, and the last one there is. */
  known?: number
  head?: number
  /** That a person waits for where no mail can be sent. Works once, for ten minutes. */
  link?: string
  error?: unknown
}

export interface Logger {
  info: (message: string, facts?: Facts) => void
  warn: (message: string, facts?: Facts) => void
  error: (message: string, facts?: Facts) => void
}

export interface LogSink {
  write: (line: string) => void
}

/** One JSON object a line. What reaches `sink` is redacted and holds no character that could end or repaint a line. */
export function createLogger({ sink = process.stdout, redact }: { sink?: LogSink; redact: Redact }): Logger {
  const log = pino(
    {
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line: string) => void sink.write(`${printable(redact(line.trimEnd()))}\n`) },
  )
  return { info: teller(log, 'info'), warn: teller(log, 'warn'), error: teller(log, 'error') }
}

function teller(log: Pino, level: 'info' | 'warn' | 'error'): (message: string, facts?: Facts) => void {
  return (message, { error, ...facts } = {}) => {
    log[level](error === undefined ? facts : { ...facts, error: described(error) }, message)
  }
}

/** Other members of an error may hold anything: a driver's parameters, a request's headers. */
function described(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  const cause = error.cause === undefined ? {} : { cause: described(error.cause) }
  return { name: error.name, message: error.message, ...code, stack: error.stack, ...cause }
}

/** JSON leaves these as they are: C1 controls (0x9b begins an ANSI sequence), line separators, direction marks. */
function printable(line: string): string {
  return line.replace(
    /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
