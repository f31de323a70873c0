const advice = {
  database_in_use:
    'is open in another Keywright, and only one may write it. Stop the other one first, or use PostgreSQL to run many.',
  database_unwritable:
    'cannot be read and written. Give this user the right to, there and in its folder, or choose another folder.',
  database_disk_full: 'cannot be written, as its disk is full. Make room there, or choose another folder.',
  database_damaged:
    'is damaged, or no SQLite database. It was left as it is: restore a backup, or move it away to start with an empty one.',
  database_foreign: 'is the database of another application. It was left as it is: choose another file for Keywright.',
  database_newer:
    'was written by a newer Keywright. It was left as it is: start that version, or restore a backup from before the upgrade.',
  database_missing:
    'is missing or empty, while its write-ahead log (…-wal) still holds changes. Restore a backup, or move that log away to start with an empty database.',
  database_restored:
    'was put in the place of another one, whose write-ahead log (…-wal) is still beside it. Move that log away to start with the one that is there now, or put back the one that was there.',
  database_replaced:
    'was moved, removed or replaced while it was open, so nothing is written any more. Put back the file that was there. Or stop Keywright, move away the write-ahead log (…-wal) that is left of it, and start with the one that is there now.',
} as const

/** Why a database file was not opened, or not written to. The message names the file and says what to do. */
export class DatabaseFileError extends Error {
  readonly code: keyof typeof advice
  readonly file: string
  constructor(code: keyof typeof advice, file: string, cause?: Error & { code?: unknown }) {
    const reason = cause?.code === undefined ? '' : ` (${cause.code})`
    super(`${file} ${advice[code]}${reason}`, cause && { cause })
    this.name = 'DatabaseFileError'
    this.code = code
    this.file = file
  }
}
