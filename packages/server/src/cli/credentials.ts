import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeFolder } from '../config/make-folder.ts'
import { CliError } from './failure.ts'

/** One CLI token for each server, by its address. */
type Credentials = Record<string, string>

// It asks for the home folder as soon as it is loaded, and a user that a container was merely given has none.
const envPaths = await import('env-paths').then(
  ({ default: paths }) => paths,
  () => null,
)

/** In the platform's folder for configuration, for this user's eyes only; null where this user has no home. */
function credentialsFile(): string | null {
  return envPaths && join(envPaths('keywright', { suffix: '' }).config, 'credentials.json')
}

export function storedToken(url: string): string | null {
  const credentials = read()
  const name = nameOf(url)
  return Object.hasOwn(credentials, name) ? (credentials[name] ?? null) : null
}

/** Before somebody takes the trouble of a login. @throws CliError where no token could be stored */
export function requireStore(): void {
  write(read())
}

export function storeToken(url: string, token: string): void {
  write({ ...read(), [nameOf(url)]: token })
}

export function forgetToken(url: string): void {
  const { [nameOf(url)]: token, ...others } = read()
  if (token !== undefined) write(others)
}

function nameOf(url: string): string {
  return new URL(url).origin
}

function read(): Credentials {
  const file = credentialsFile()
  if (file === null) return {}
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
    const isToken = ([, token]: [string, unknown]) => typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)
    return Object.fromEntries(Object.entries(value).filter(isToken)) as Credentials
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof SyntaxError || code === 'ENOENT' || code === 'ENOTDIR') return {}
    throw new CliError(`${file} cannot be read.`, 'Correct its mode, or remove it and log in again.')
  }
}

/** Never half a file, and never for a moment one that others can read. */
function write(credentials: Credentials): void {
  const file = credentialsFile()
  if (file === null)
    throw new CliError('This user has no home folder to keep a login in.', 'Set HOME, or use KEYWRIGHT_SERVICE_KEY.')
  try {
    makeFolder(dirname(file), { mode: 0o700 })
    const fresh = `${file}.${process.pid}`
    writeFileSync(fresh, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 })
    chmodSync(fresh, 0o600)
    renameSync(fresh, file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const isBlocked = code === 'ENOTDIR' || code === 'EEXIST'
    const mend = isBlocked ? 'Move away the file that stands where a folder should be' : 'Correct the folder'
    throw new CliError(`${file} cannot be written (${code}).`, `${mend}, or use KEYWRIGHT_SERVICE_KEY.`)
  }
}
