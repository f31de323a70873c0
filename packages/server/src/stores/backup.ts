import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type Change, type Head, parseEntry, verifyChain } from '@keywright/core'
import BetterSqlite3 from 'better-sqlite3'
import { makeFolder } from '../config/make-folder.ts'

/** Why there is no backup. */
export class BackupError extends Error {
  readonly hint: string
  constructor(message: string, hint: string) {
    super(message)
    this.name = 'BackupError'
    this.hint = hint
  }
}

interface CopiedFile {
  name: string
  bytes: number
  /** By table. */
  rows: Readonly<Record<string, number>>
}

export interface BackedUp {
  files: CopiedFile[]
  /** The last change that is in it. */
  head: Head
}

export interface Backup {
  /** Data folder of the instance, which may be running. */
  from: string
  /** A folder that is not there yet; afterwards a data folder. */
  to: string
  onProgress(file: string, done: number, of: number): void
  /** Once it is aborted, nothing is left of the copy. */
  signal: AbortSignal
}

// A member is written after the person it names: copied in this order, the copy has every person that it speaks of.
const databases = ['keywright.db', 'people.db'] as const
const pagesAtOnce = 2_000

/**
 * Copies the databases as they are at one moment, however much is written meanwhile, then opens the copies and checks
 * them. The folder has its name only once all of that is done.
 * @throws BackupError, or the signal's reason
 */
export async function backup({ from, to, onProgress, signal }: Backup): Promise<BackedUp> {
  if (!existsSync(join(from, databases[0])))
    throw new BackupError(`There is no instance in ${from}.`, 'Name its data folder with --data.')
  if (existsSync(to)) throw new BackupError(`${to} is there already.`, 'Choose a name that is not taken.')
  const partial = emptyFolderBeside(to)
  try {
    const files: CopiedFile[] = []
    for (const name of databases) {
      if (!existsSync(join(from, name))) continue
      const rows = await copy(join(from, name), join(partial, name), (done, of) => {
        signal.throwIfAborted()
        onProgress(name, done, of)
      })
      files.push({ name, bytes: statSync(join(partial, name)).size, rows })
    }
    const head = checkChain(join(partial, databases[0]))
    // The checks let nobody say meanwhile that it shall end.
    await setImmediate()
    signal.throwIfAborted()
    renameSync(partial, to)
    return { files, head }
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    throw error instanceof BackupError ? error : explained(error, to)
  }
}

/** Its name cannot be foretold: a folder that somebody else has prepared would let them into the copy. */
function emptyFolderBeside(to: string): string {
  try {
    if (!existsSync(dirname(to))) makeFolder(dirname(to), { mode: 0o700 })
    return mkdtempSync(`${to}.partial-`)
  } catch (error) {
    throw explained(error, to)
  }
}

async function copy(from: string, to: string, onProgress: (done: number, of: number) => void) {
  const { source, rows, pages } = openAtOneMoment(from)
  try {
    await source.backup(to, {
      progress({ totalPages, remainingPages }) {
        onProgress(totalPages - remainingPages, totalPages)
        return pagesAtOnce
      },
    })
    onProgress(pages, pages)
    chmodSync(to, 0o600)
    asOneFile(to)
    checkCopy(to, rows)
    return rows
  } finally {
    source.close()
  }
}

/** What is read from here on is this moment's, and no writer makes the copying begin again. */
function openAtOneMoment(file: string) {
  let source: BetterSqlite3.Database | undefined
  try {
    source = new BetterSqlite3(file, { readonly: true, fileMustExist: true })
    source.exec('begin')
    return { source, rows: countRows(source), pages: source.pragma('page_count', { simple: true }) as number }
  } catch (error) {
    source?.close()
    throw unreadable(file, error)
  }
}

/** Without a log beside it that somebody could forget to copy. */
function asOneFile(file: string): void {
  const client = new BetterSqlite3(file)
  client.pragma('journal_mode = delete')
  client.close()
}

function checkCopy(file: string, expected: Readonly<Record<string, number>>): void {
  reading(file, (copied) => {
    const verdict = copied.pragma('integrity_check', { simple: true })
    if (verdict !== 'ok') throw new BackupError(`The copy is damaged: ${verdict}.`, 'Check the disk, and try again.')
    const rows = countRows(copied)
    for (const [table, count] of Object.entries(expected)) {
      if (rows[table] === count) continue
      throw new BackupError(`${table} has ${count} rows, its copy ${rows[table] ?? 0}.`, 'Try again.')
    }
  })
}

/** From the first change, or where older ones were pruned, to the last one that the database says there is. */
function checkChain(file: string): Head {
  return reading(file, (copied) => {
    const head = copied.prepare<[], Head>('select number, hash from kw_head').get()
    let checked: Head = copied.prepare<[], Head>(`select number, hash from ${startOf(copied)}`).get() ?? firstHead
    const page = copied.prepare<[number], { entry: string; hash: string }>(
      'select entry, hash from kw_changes where number > ? order by number limit 1000',
    )
    for (;;) {
      const changes = page.all(checked.number).map(({ entry, hash }): Change => parseEntry(entry, hash))
      if (changes.length === 0) break
      const verdict = verifyChain(checked, changes)
      if (!verdict.ok) throw brokenAt(verdict.number)
      checked = verdict.head
    }
    if (!head || checked.hash !== head.hash) throw brokenAt(checked.number + 1)
    return head
  })
}

const firstHead: Head = { number: 0, hash: '0'.repeat(64) }

function startOf(copied: BetterSqlite3.Database): string {
  const found = copied.prepare(`select 1 from sqlite_schema where name = 'kw_checkpoint'`).get()
  return found === undefined ? '(select 0 as number, null as hash) where false' : 'kw_checkpoint'
}

function brokenAt(number: number): BackupError {
  return new BackupError(
    `The audit log is broken at change ${number}.`,
    'It is so in the instance itself: `keywright audit verify` tells more.',
  )
}

function countRows(client: BetterSqlite3.Database): Record<string, number> {
  const tables = client
    .prepare<[], string>(
      `select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'`,
    )
    .pluck()
    .all()
  return Object.fromEntries(
    tables.map((table) => [table, client.prepare(`select count(*) from "${table}"`).pluck().get() as number]),
  )
}

function reading<T>(file: string, read: (client: BetterSqlite3.Database) => T): T {
  const client = new BetterSqlite3(file, { readonly: true, fileMustExist: true })
  try {
    return read(client)
  } finally {
    client.close()
  }
}

function unreadable(file: string, error: unknown): unknown {
  const { code } = error as { code?: unknown }
  if (typeof code !== 'string') return error
  return /^SQLITE_(CORRUPT|NOTADB)/.test(code)
    ? new BackupError(`${file} is damaged (${code}).`, 'A copy of it would be, too: go back to an older backup.')
    : new BackupError(`${file} cannot be read (${code}).`, 'Run this as the user that Keywright runs as.')
}

function explained(error: unknown, to: string): unknown {
  const { code } = error as { code?: unknown }
  if (typeof code !== 'string') return error
  return new BackupError(
    `${to} cannot be written (${code}).`,
    'Check the folder it lies in, and the space on the disk.',
  )
}
