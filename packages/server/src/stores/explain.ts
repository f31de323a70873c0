import BetterSqlite3 from 'better-sqlite3'
import { DatabaseFileError } from './database-file-error.ts'
import { NewerSchemaError } from './migrations/index.ts'

/** What an error met while opening `file` means to the one who has to put it right. */
export function explain(file: string, error: unknown): unknown {
  if (error instanceof NewerSchemaError) return new DatabaseFileError('database_newer', file, error)
  if (error instanceof BetterSqlite3.SqliteError) {
    if (/^SQLITE_(NOTADB|CORRUPT)/.test(error.code)) return new DatabaseFileError('database_damaged', file, error)
    if (/^SQLITE_(BUSY|LOCKED)/.test(error.code)) return new DatabaseFileError('database_in_use', file, error)
    // Its shared memory is a file beside it, of which SQLite does not tell why it cannot grow.
    if (/^SQLITE_(FULL|IOERR_SHMSIZE)$/.test(error.code))
      return new DatabaseFileError('database_disk_full', file, error)
    if (/^SQLITE_(CANTOPEN|READONLY|PERM|IOERR)/.test(error.code)) return unwritable(file, error)
  }
  if (error instanceof Error && 'syscall' in error) {
    const isFull = 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
    return isFull ? new DatabaseFileError('database_disk_full', file, error) : unwritable(file, error)
  }
  return error
}

function unwritable(file: string, error: Error): DatabaseFileError {
  return new DatabaseFileError('database_unwritable', file, error)
}
