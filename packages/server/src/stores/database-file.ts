import { accessSync, closeSync, constants, existsSync, openSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { makeFolder } from '../config/make-folder.ts'
import { DatabaseFileError } from './database-file-error.ts'

/** The one path of `file`, whichever links lead to it. Makes its folder where there is none. */
export function resolveFile(file: string): string {
  makeFolder(dirname(file), { mode: 0o700 })
  const folder = realpathSync(dirname(file))
  accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  const path = join(folder, basename(file))
  return existsSync(path) ? realpathSync(path) : path
}

/** Makes the file, empty and for this user only, where there is none. */
export function ensureFile(path: string): void {
  // SQLite would take an empty file for a new database, and delete the log that may be all that is left of the old one.
  if (sizeOf(path) === 0 && sizeOf(`${path}-wal`) > 0) throw new DatabaseFileError('database_missing', path)
  // One that exists is not opened: closing it again would drop the locks of this process's other connections to it.
  if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK)
  else closeSync(openSync(path, 'wx', 0o600))
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
