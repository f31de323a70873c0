import { accessSync, closeSync, constants, existsSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
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
  const hasLog = sizeOf(`${path}-wal`) > 0
  // SQLite would take an empty file for a new database, and delete the log that may be all that is left of the old one.
  if (sizeOf(path) === 0 && hasLog) throw new DatabaseFileError('database_missing', path)
  // One that exists is not opened: closing it again would drop the locks of this process's other connections to it.
  if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK)
  else closeSync(openSync(path, 'wx', 0o600))
  // A log that is left is one of a process that has ended: no connection here has locks to drop.
  if (hasLog && hasNoLog(path)) throw new DatabaseFileError('database_restored', path)
}

/**
 * Whether its header says that SQLite keeps no log for it (https://sqlite.org/fileformat2.html, 1.3.3), as that of a
 * backup does. A log beside it is of the database before it, and SQLite would mix the pages of both.
 */
function hasNoLog(path: string): boolean {
  const opened = openSync(path, 'r')
  try {
    const header = Buffer.alloc(20)
    readSync(opened, header)
    return header[18] === 1 && header[19] === 1
  } finally {
    closeSync(opened)
  }
}

/**
 * For a file that is open, with its log. What is returned throws where others are at its path, or none: into a file that
 * has no name any more SQLite commits without a word, and with the process it is gone.
 */
export function watchPlace(file: string): () => void {
  // The log lies beside the file itself, not beside a link to it.
  const path = realpathSync(file)
  const opened = filesAt(path)
  return () => {
    if (filesAt(path) !== opened) throw new DatabaseFileError('database_replaced', path)
  }
}

function filesAt(path: string): string {
  return [path, `${path}-wal`]
    .map((file) => {
      const found = statSync(file, { bigint: true, throwIfNoEntry: false })
      return found && `${found.dev}/${found.ino}`
    })
    .join()
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
