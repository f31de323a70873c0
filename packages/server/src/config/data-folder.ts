import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from './make-folder.ts'
import { StartError } from './start-error.ts'

/** Where an instance keeps what it makes itself, for this user's eyes only. */
export interface DataFolder {
  databaseFile: string
  /** Accounts and sessions. */
  peopleFile: string
  serviceKeyFile: string
  /** The service key of the first start; made by `mint` where there is none. */
  serviceKey: (mint: () => string) => string
  /** What signs sessions, of the first start likewise. */
  secret: (make: () => string) => string
}

/** @throws StartError */
export function openDataFolder(path: string): DataFolder {
  guarded(path, 'made', () => makeFolder(path, { mode: 0o700 }))
  const serviceKeyFile = join(path, 'service-key')
  const secretFile = join(path, 'secret')
  return {
    databaseFile: join(path, 'keywright.db'),
    peopleFile: join(path, 'people.db'),
    serviceKeyFile,
    serviceKey: (mint) =>
      guarded(serviceKeyFile, 'read', () => readOrMake(serviceKeyFile, 'service key', 'KEYWRIGHT_SERVICE_KEY', mint)),
    secret: (make) => guarded(secretFile, 'read', () => readOrMake(secretFile, 'secret', 'KEYWRIGHT_SECRET', make)),
  }
}

function readOrMake(file: string, noun: string, variable: string, mint: () => string): string {
  try {
    // Two processes that start at once must not each believe in a key of their own.
    writeFileSync(file, `${mint()}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    chmodSync(file, 0o600)
  }
  const key = readFileSync(file, 'utf8').trim()
  if (/^[\x21-\x7e]{32,512}$/.test(key)) return key
  throw new StartError(
    `${file} holds no ${noun}.`,
    `Remove it, and the next start makes a new one; or set ${variable}.`,
  )
}

function guarded<T>(path: string, verb: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const code = codeOf(error)
    if (code === null) throw error
    throw new StartError(
      `${path} cannot be ${verb} (${code}).`,
      'The data folder has to be one that this user may write: correct it, or choose another with --data.',
    )
  }
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}
