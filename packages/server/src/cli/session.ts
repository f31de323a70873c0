import { readFileSync } from 'node:fs'
import { Keywright } from '@keywright/client'
import { address, defaultUrl } from './address.ts'
import { storedToken } from './credentials.ts'
import { CliError, exitCodes, usageError } from './failure.ts'

export const defaultTimeoutSeconds = 45
let givenSeconds: number | null = null

/** How long every call of this process waits for one answer. */
export function answerWithinMs(): number {
  return (givenSeconds ?? defaultTimeoutSeconds) * 1000
}

/** How long a person is waited for; null where nobody has said: not as shortly as a server. */
export function decisionWithinSeconds(): number | null {
  return givenSeconds
}

export function waitAtMost(seconds: number | null): void {
  givenSeconds = seconds
}

/** Where the control side is. @throws CliError */
export function controlUrl(): string {
  const url = address()
  const { protocol, username, password } = URL.canParse(url) ? new URL(url) : {}
  if (username || password)
    throw usageError('KEYWRIGHT_URL holds a name or a password.', 'Take them out: nobody asks for them.')
  if (protocol === 'http:' || protocol === 'https:') return url
  throw usageError('KEYWRIGHT_URL is no address.', `Set it to one such as ${defaultUrl}.`)
}

/** The service key of the environment; null where there is none. @throws CliError */
export function credential(): string | null {
  const { KEYWRIGHT_SERVICE_KEY: value, KEYWRIGHT_SERVICE_KEY_FILE: file } = process.env
  if (value) return sendable(value.trim(), 'KEYWRIGHT_SERVICE_KEY')
  if (!file) return null
  try {
    return sendable(readFileSync(file, 'utf8').trim(), file)
  } catch (error) {
    if (error instanceof CliError) throw error
    throw usageError('The file that KEYWRIGHT_SERVICE_KEY_FILE names cannot be read.', 'Check its path and its mode.')
  }
}

/** The API, signed in. @throws CliError */
export function connect(): Keywright {
  const key = credential() ?? storedToken(controlUrl())
  if (key !== null) return signedInWith(key)
  throw new CliError(
    'You are not signed in.',
    'Run `keywright login`, or set KEYWRIGHT_SERVICE_KEY. An instance started here keeps one: KEYWRIGHT_SERVICE_KEY=$(cat .keywright/service-key)',
    exitCodes.notSignedIn,
  )
}

/** The API, as anyone may ask it. @throws CliError */
export function connectAnonymously(): Keywright {
  return new Keywright({ url: controlUrl(), timeoutMs: answerWithinMs() })
}

export function signedInWith(credential: string): Keywright {
  return new Keywright({ url: controlUrl(), credential, timeoutMs: answerWithinMs() })
}

/** The runtime would otherwise refuse the header in words that quote it. */
function sendable(key: string, source: string): string {
  if (/^[\x21-\x7e]+$/.test(key)) return key
  throw usageError(`${source} holds characters that no key has.`, 'Copy the key again, without quotes or line breaks.')
}
