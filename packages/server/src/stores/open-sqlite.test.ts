import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { someEvent } from '@keywright/core/testing'
import BetterSqlite3 from 'better-sqlite3'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DatabaseFileError } from './database-file-error.ts'
import { explain } from './explain.ts'
import { openSqlite } from './open-sqlite.ts'
import { openPeopleFile } from './people-database.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'keywright-'))
  file = join(folder, 'keywright.sqlite')
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

/** Expects that `path` is not opened, with an error that names it. */
function expectRefused(path: string, code: DatabaseFileError['code']): DatabaseFileError {
  try {
    openSqlite(path)
  } catch (error) {
    expect(error).toBeInstanceOf(DatabaseFileError)
    expect(error).toMatchObject({ code, file: path, message: expect.stringContaining(path) })
    return error as DatabaseFileError
  }
  throw new Error(`${path} was opened.`)
}

function thrownBy(work: () => void): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}

/** In a container files are made by root, whom no permission stops. */
function asNobody(work: () => void): void {
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65534)
  try {
    work()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

describe('opening a database file', () => {
  it('makes it and its folders for this user only', async () => {
    file = join(folder, 'a', 'b', 'keywright.sqlite')
    await openSqlite(file).close()
    expect(fs.statSync(file).mode & 0o777).toBe(0o600)
    expect(fs.statSync(join(folder, 'a')).mode & 0o777).toBe(0o700)
  })

  it('takes an empty file for a new database', async () => {
    fs.writeFileSync(file, '')
    await openSqlite(file).close()
    expect(fs.statSync(file).size).toBeGreaterThan(0)
  })

  it('leaves nothing open and nothing locked when it fails, so that it can be tried again', async () => {
    fs.mkdirSync(file)
    expectRefused(file, 'database_unwritable')
    fs.rmdirSync(file)
    await openSqlite(file).close()
  })
})

describe('a database file that is open already', () => {
  it('is refused to the same process, under any name, until it is closed', async () => {
    const store = openSqlite(file)
    const link = join(folder, 'link.sqlite')
    fs.symlinkSync(file, link)
    expectRefused(file, 'database_in_use')
    expectRefused(link, 'database_in_use')
    await store.transact(async () => {})
    await store.close()
    await openSqlite(link).close()
  })

  it('is refused to another process, which is told so', async () => {
    const store = openSqlite(file)
    const script = `
      const { openSqlite } = await import(${JSON.stringify(join(import.meta.dirname, 'open-sqlite.ts'))})
      try { openSqlite(process.argv[1]) } catch ({ code, message }) { console.log(code, message) }`
    const options = ['--conditions=keywright-source', '--input-type=module', '--eval', script, file]
    const { stdout } = spawnSync(process.execPath, options, { encoding: 'utf8' })
    expect(stdout).toContain(`database_in_use ${file} is open in another Keywright`)
    await store.close()
  })
})

describe('a database file in use', () => {
  it('is not written to where it is no longer in its place, until it is again', async () => {
    const store = openSqlite(file)
    const change = () => store.transact(async (transaction) => transaction.record(someEvent()))
    await change()
    for (const name of [file, `${file}-wal`]) {
      fs.renameSync(name, `${name}.away`)
      await expect(change()).rejects.toMatchObject({
        code: 'database_replaced',
        message: expect.stringContaining(file),
      })
      fs.copyFileSync(`${name}.away`, name)
      await expect(change()).rejects.toMatchObject({ code: 'database_replaced' })
      fs.renameSync(`${name}.away`, name)
      await change()
    }
    expect((await store.head()).number).toBe(3)
    await store.close()
  })
})

describe('closing a database file', () => {
  it('waits for changes that are under way, and then undoes those that are not done', async () => {
    const store = openSqlite(file)
    const short = store.transact(async (transaction) => transaction.record(someEvent()))
    const long = store.transact(async (transaction) => {
      transaction.record(someEvent())
      for (;;) {
        await transaction.organization('acme')
        await setImmediate()
      }
    })
    const undone = expect(long).rejects.toThrow()
    await store.close()
    await Promise.all([short, undone])
    const again = openSqlite(file)
    expect((await again.head()).number).toBe(1)
    await again.close()
  })
})

describe('a file of people in use', () => {
  it('has nothing left open of a transaction in whose midst it was moved', async () => {
    const { db, close } = openPeopleFile(file)
    const change = (text: string, inBetween = () => {}) =>
      db.transaction().execute(async (open) => {
        await sql`insert into said values (${text})`.execute(open)
        inBetween()
      })
    await sql`create table said (text)`.execute(db)
    const moved = change('lost', () => fs.renameSync(file, `${file}.away`))
    await expect(moved).rejects.toMatchObject({ code: 'database_replaced' })
    fs.renameSync(`${file}.away`, file)
    await change('kept')
    expect((await sql`select text from said`.execute(db)).rows).toEqual([{ text: 'kept' }])
    await close()
  })
})

describe('a database file that is not ours or not whole', () => {
  const damages: [string, (bytes: Buffer) => Buffer][] = [
    ['its first bytes overwritten', (bytes) => bytes.fill('x', 0, 16)],
    ['its header overwritten', (bytes) => bytes.fill('x', 16, 100)],
    ['its table of tables overwritten', (bytes) => bytes.fill('x', 100, 3000)],
    ['its end cut off', (bytes) => bytes.subarray(0, bytes.length / 2 + 100)],
    ['all but a few bytes cut off', (bytes) => bytes.subarray(0, 10)],
    ['something else in its place', () => Buffer.from('Dear diary,\n'.repeat(1000))],
  ]
  it.each(damages)('is left as it is: one with %s', async (_, damage) => {
    await openSqlite(file).close()
    const bytes = damage(fs.readFileSync(file))
    fs.writeFileSync(file, bytes)
    expectRefused(file, 'database_damaged')
    expect(fs.readFileSync(file)).toEqual(bytes)
  })

  it('is left as it is: one of another application', () => {
    const other = new BetterSqlite3(file)
    other.exec('create table recipes (name text)')
    other.close()
    const bytes = fs.readFileSync(file)
    expectRefused(file, 'database_foreign')
    expect(fs.readFileSync(file)).toEqual(bytes)
  })

  it('is left as it is: one of a newer Keywright', async () => {
    await openSqlite(file).close()
    const newer = new BetterSqlite3(file)
    newer.exec(`insert into kw_migrations (number, name, applied_at) values (99, 'to-come', 0)`)
    newer.exec('create table kw_to_come (id text)')
    newer.close()
    const bytes = fs.readFileSync(file)
    expectRefused(file, 'database_newer')
    expect(fs.readFileSync(file)).toEqual(bytes)
  })

  it('is missed where only its write-ahead log is left, which is not deleted', async () => {
    const store = openSqlite(file)
    const log = join(folder, 'restored.sqlite-wal')
    fs.copyFileSync(`${file}-wal`, log)
    await store.close()
    const size = fs.statSync(log).size
    expect(size).toBeGreaterThan(0)
    expectRefused(join(folder, 'restored.sqlite'), 'database_missing')
    expect(fs.statSync(log).size).toBe(size)
  })
})

describe('a backup put in the place of a database', () => {
  it('is left as it is where a write-ahead log of that database is still beside it', async () => {
    const store = openSqlite(file)
    await store.transact(async (transaction) => transaction.record(someEvent()))
    const log = fs.readFileSync(`${file}-wal`)
    await store.close()
    const backup = new BetterSqlite3(file)
    backup.pragma('journal_mode = delete')
    backup.close()
    fs.writeFileSync(`${file}-wal`, log)
    const bytes = fs.readFileSync(file)
    expectRefused(file, 'database_restored')
    expect([fs.readFileSync(file), fs.readFileSync(`${file}-wal`)]).toEqual([bytes, log])
    fs.rmSync(`${file}-wal`)
    await openSqlite(file).close()
  })
})

describe('a place that cannot be written', () => {
  it('is refused: a folder where the file should be', () => {
    fs.mkdirSync(file)
    expectRefused(file, 'database_unwritable')
  })

  it('is refused: a file where the folder should be', () => {
    fs.writeFileSync(file, 'not a folder')
    expect(expectRefused(join(file, 'keywright.sqlite'), 'database_unwritable').message).toContain('(EEXIST)')
    expect(expectRefused(join(file, 'below', 'keywright.sqlite'), 'database_unwritable').message).toContain('(ENOTDIR)')
  })

  it('is told apart from a disk that is full', () => {
    const client = new BetterSqlite3(file)
    client.pragma('max_page_count = 2')
    const byDatabase = thrownBy(() => client.exec('create table a (b text); create table c (d text)'))
    client.close()
    // Always full, and there where Linux is.
    const bySystem = fs.existsSync('/dev/full') ? thrownBy(() => fs.writeFileSync('/dev/full', 'x')) : byDatabase
    const byIndex = new BetterSqlite3.SqliteError('disk I/O error', 'SQLITE_IOERR_SHMSIZE')
    for (const error of [byDatabase, bySystem, byIndex])
      expect(explain(file, error)).toMatchObject({
        code: 'database_disk_full',
        message: expect.stringContaining('full'),
      })
  })

  it('is refused: a folder that others own', () => {
    fs.chmodSync(folder, 0o555)
    asNobody(() => expectRefused(file, 'database_unwritable'))
    expect(fs.readdirSync(folder)).toEqual([])
  })

  it('is refused: a file that may only be read', async () => {
    await openSqlite(file).close()
    fs.chmodSync(folder, 0o777)
    fs.chmodSync(file, 0o444)
    fs.rmSync(`${file}.lock`)
    const bytes = fs.readFileSync(file)
    asNobody(() => expectRefused(file, 'database_unwritable'))
    expect(fs.readFileSync(file)).toEqual(bytes)
  })
})
