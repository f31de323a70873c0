import { ConnectionError, type FieldError, KeywrightError, ProblemError, TimeoutError } from '@keywright/client'
import { CommanderError } from 'commander'
import { StartError } from '../config/start-error.ts'
import { isProblemCode, problems } from '../control/problems.ts'
import { address, defaultUrl } from './address.ts'
import { printable } from './print/escape.ts'
import { note, styledNote } from './print/terminal.ts'
import { lasting } from './print/time.ts'

export const exitCodes = { done: 0, failed: 1, usage: 2, notSignedIn: 3, notFound: 4, timedOut: 5 } as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What a command has to say instead of a result. */
export class CliError extends Error {
  readonly hint: string | null
  readonly exitCode: ExitCode
  constructor(message: string, hint: string | null, exitCode: ExitCode = exitCodes.failed) {
    super(message)
    this.name = 'CliError'
    this.hint = hint
    this.exitCode = exitCode
  }
}

export function usageError(message: string, hint: string | null): CliError {
  return new CliError(message, hint, exitCodes.usage)
}

/** Says what went wrong on stderr, and answers what the process exits with. */
export function report(error: unknown): ExitCode {
  const { message, hint, exitCode } = failureOf(error)
  if (message !== null) note(`${styledNote('red', 'error:')} ${message.split('\n').map(printable).join('\n')}`)
  if (hint !== null) note(`${styledNote('yellow', 'hint:')} ${printable(hint)}`)
  return exitCode
}

interface Failure {
  message: string | null
  hint: string | null
  exitCode: ExitCode
}

export const noAnswerHint = 'Start one with `keywright serve`, or set KEYWRIGHT_URL.'
const inDoubtHint = 'Look whether it was carried out before you try again.'
const misledHint = `Check KEYWRIGHT_URL. ${inDoubtHint}`

const absences = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** Whether nobody was reached. Anything else may have broken off what was carried out. */
export function isAbsent({ cause }: ConnectionError): boolean {
  const { code } = (cause instanceof Error ? (cause.cause ?? cause) : {}) as { code?: unknown }
  return typeof code === 'string' && absences.has(code)
}

function failureOf(error: unknown): Failure {
  if (error instanceof CliError || error instanceof StartError) return error
  if (error instanceof CommanderError) return usageOf(error)
  if (error instanceof ProblemError) return problemOf(error)
  if (error instanceof TimeoutError) {
    return {
      message: error.message,
      hint: inDoubtHint,
      exitCode: exitCodes.timedOut,
    }
  }
  if (error instanceof ConnectionError) {
    return {
      message: error.message,
      hint: isAbsent(error) ? noAnswerHint : misledHint,
      exitCode: exitCodes.failed,
    }
  }
  if (error instanceof KeywrightError && error.code === 'redirected')
    return { message: error.message, hint: misledHint, exitCode: exitCodes.failed }
  if (error instanceof KeywrightError && error.code === 'unreadable_answer') return foreignOf('')
  const message = error instanceof Error ? error.message : String(error)
  return { message, hint: error instanceof KeywrightError ? null : bugHint(error), exitCode: exitCodes.failed }
}

/** Longer than an id: it may be a credential given where none is taken, and stderr ends up in logs. */
const longWord = /([^\s'",:]{8})[^\s'",:]{25,}/g

/** Help and version end a command early, and are no failure. */
function usageOf({ code, exitCode, message }: CommanderError): Failure {
  if (exitCode === 0 || code === 'commander.help') {
    return { message: null, hint: null, exitCode: exitCode === 0 ? exitCodes.done : exitCodes.usage }
  }
  const [said = '', suggestion] = message
    .replace(/^error: /, '')
    .replace(/^command-argument value ('.*') is invalid for argument '(.*)'\./, '$1 is no $2.')
    .replace(longWord, '$1…')
    .split('\n')
  const hint = suggestion?.replace(/^\((.*)\)$/, '$1') ?? 'Add --help to see what is offered.'
  return { message: sentence(said), hint, exitCode: exitCodes.usage }
}

/** A refusal that only looks like the control side's: the edge's, of the API behind it, or of a proxy before both. */
export function isForeign({ status, body }: ProblemError): boolean {
  return [401, 403, 404].includes(status) && !/"type":\s*"urn:keywright:problem:/.test(body)
}

function foreignOf(status: string): Failure {
  return misdirected(`${address()} answers${status}, and not as the control side does.`)
}

function misdirected(message: string): Failure {
  return {
    message,
    hint: `Check KEYWRIGHT_URL: it names the control side, ${defaultUrl} unless chosen otherwise, and not the edge.`,
    exitCode: exitCodes.failed,
  }
}

/** What the control side says of a path: the address has one too many, and the id that was asked for may well be there. */
const noSuchPath = /^There is no \/\S* here\./

function problemOf(error: ProblemError): Failure {
  const { code, status, message, errors, requestId, retryAfterMs } = error
  if (isForeign(error)) return foreignOf(` ${status}`)
  if (status === 404 && noSuchPath.test(message)) return misdirected(message)
  if (status === 401) {
    const refused = code === 'invalid_credential' ? `Your credential is refused. ${message}` : message
    const hint = 'Check KEYWRIGHT_SERVICE_KEY, or run `keywright login`.'
    return { message: refused, hint, exitCode: exitCodes.notSignedIn }
  }
  if (status === 404) {
    return { message, hint: missingHint(message), exitCode: exitCodes.notFound }
  }
  if (errors.length > 0) return { message: inFlags(message, errors), hint: null, exitCode: exitCodes.failed }
  const about = status >= 500 && requestId !== null ? ` (request ${requestId})` : ''
  const hint = retryAfterMs === null ? mendHint(error) : `Try again in ${lasting(Math.ceil(retryAfterMs / 1000))}.`
  return { message: message + about, hint, exitCode: status === 504 ? exitCodes.timedOut : exitCodes.failed }
}

/** A proxy that has lost its server knows as little as we do what became of the call. */
function mendHint({ code, status, message }: ProblemError): string | null {
  if (!isProblemCode(code)) return status >= 500 ? inDoubtHint : null
  return message.includes(problems[code].mend) ? null : problems[code].mend
}

/** The server says this of an organization only to those who may make one. An id with `org_` is one that it has made. */
function missingHint(message: string): string {
  const id = /^There is no organization '(?!org_)([a-z0-9][a-z0-9_-]*)'\.$/.exec(message)?.[1]
  return id === undefined
    ? 'Check the id; `keywright whoami` says what you reach.'
    : `Check the id, or make it: keywright organizations create --id ${id} --name <name>`
}

/** What the API calls otherwise than the flag that says it. */
const flags: ReadonlyMap<string, string> = new Map([
  ['action', '--action'],
  ['by', '--by'],
  ['cursor', '--cursor'],
  ['email', '--email'],
  ['environment', '--environment'],
  ['expiresAt', '--expires'],
  ['id', '--id'],
  ['key', '--key'],
  ['kind', '--kind'],
  ['limits.requests', '--limit: requests'],
  ['limits.windowSeconds', '--limit: seconds'],
  ['name', '--name'],
  ['namespaces', '--namespace'],
  ['organization', '--organization'],
  ['permissions', '--permission'],
  ['plan', '--plan'],
  ['project', '--project'],
  ['q', '--search'],
  ['reason', '--reason'],
])

function inFlags(message: string, errors: readonly FieldError[]): string {
  const together = (nameOf: (field: string) => string) =>
    `${errors.map(({ field, message }) => `${nameOf(field)} ${message}`).join('; ')}.`
  if (message === together((field) => field)) return together(flagOf)
  const [{ field } = { field: '' }] = errors
  return message.includes(field) ? message : `${flagOf(field)}: ${message}`
}

function flagOf(field: string): string {
  return flags.get(field.replace(/\.\d+/, '')) ?? field
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(capital) ? capital : `${capital}.`
}

function bugHint(error: unknown): string | null {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? null : 'This should not happen. Please report it with the command that led to it.'
}
