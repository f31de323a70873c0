import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { pruneAudit } from '@keywright/core'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings } from '../../src/config/read-settings.ts'
import { startInstance } from '../../src/main.ts'
import { keywright, keywrightAtTerminal } from '../support/command-line.ts'
import { controlApi } from '../support/control-api.ts'
import { serviceKey, startServer, type TestServer, tester } from '../support/start-server.ts'

const commandLine = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

let server: TestServer
let folder: string
let data: string

beforeAll(async () => {
  server = await startServer({ contract: 'keywright', env: { KEYWRIGHT_SIGN_UP: 'open' } })
  data = join(server.folder, 'data')
  folder = mkdtempSync(join(tmpdir(), 'keywright-backup-'))
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

/** An instance on a data folder of its own, made from a backup. */
async function restored(path: string) {
  const flags = { port: '0', controlPort: '0', data: path }
  const settings = await readSettings({ flags, env: { KEYWRIGHT_SERVICE_KEY: serviceKey }, folder })
  return startInstance(settings, { folder, logTo: { write: () => {} } })
}

const ask = async (edge: string, credential: string) =>
  (await fetch(`${edge}/x`, { headers: { authorization: `Bearer ${credential}` } })).status

/** All but the first, which says what the file is. */
function destroyPages(file: string): void {
  const bytes = readFileSync(file)
  writeFileSync(file, bytes.fill(0x5a, 4096))
}

function putFolderInPlaceOf(file: string): void {
  rmSync(file)
  mkdirSync(file)
}

describe('keywright backup', { timeout: 60_000 }, () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing behind where %s breaks it off', async (signal) => {
    const large = join(folder, `large-${signal}`)
    expect((await keywright(['backup', large, '--data', data])).code).toBe(0)
    const client = new BetterSqlite3(join(large, 'keywright.db'))
    client.exec('create table filler (bytes blob)')
    const insert = client.prepare('insert into filler values (zeroblob(1000000))')
    for (let megabyte = 0; megabyte < 60; megabyte++) insert.run()
    client.close()
    const into = mkdtempSync(join(folder, 'broken-off-'))
    const args = ['--conditions=keywright-source', commandLine, 'backup', join(into, 'monday'), '--data', large]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    const ended = once(child, 'close')
    while (readdirSync(into).length === 0 && child.exitCode === null) await setImmediate()
    child.kill(signal)
    const [code] = await ended
    expect([code, said]).toEqual([1, 'error: The backup was broken off, and nothing is left of it.\n'])
    expect(readdirSync(into)).toEqual([])
  })

  it('copies a running instance so that another can be started from the copy', async () => {
    const { key, credential } = await server.issue()
    const gone = await server.issue()
    await server.revoke(gone.key.id)
    const to = join(folder, 'monday')
    const { code, stdout, stderr } = await keywright(['backup', to, '--data', data])
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^FILE +BYTES +ROWS\nkeywright\.db +\d+ +\d+\npeople\.db +\d+ +\d+\n$/)
    const copy = await restored(to)
    expect(await ask(copy.edge, credential)).toBe(404)
    expect(await ask(copy.edge, gone.credential)).toBe(401)
    expect((await controlApi(copy.control)('GET', `/v1/keys/${key.id}`)).json.id).toBe(key.id)
    const env = { KEYWRIGHT_URL: copy.control, KEYWRIGHT_SERVICE_KEY: serviceKey }
    expect((await keywright(['audit', 'verify'], { env })).code).toBe(0)
    await copy.stop()
  })

  it('is for one pair of eyes, and holds no credential', async () => {
    const { credential } = await server.issue()
    const to = join(folder, 'private')
    expect((await keywright(['backup', to, '--data', data, '--json'])).code).toBe(0)
    expect(statSync(to).mode & 0o777).toBe(0o700)
    expect(readdirSync(to).sort()).toEqual(['keywright.db', 'people.db'])
    for (const name of readdirSync(to)) {
      expect(statSync(join(to, name)).mode & 0o777).toBe(0o600)
      expect(readFileSync(join(to, name)).includes(credential)).toBe(false)
    }
  })

  it('is in no folder that somebody else has prepared', async () => {
    const shared = join(folder, 'shared')
    mkdirSync(shared)
    // By the number of the process, which the shell hands on to the command.
    const script =
      'mkdir -m 777 "$2.partial-$$" && exec "$0" --conditions=keywright-source "$1" backup "$2" --data "$3"'
    const run = promisify(execFile)
    await run('sh', ['-c', script, process.execPath, commandLine, join(shared, 'monday'), data])
    const [made = '', prepared = '', ...others] = readdirSync(shared).sort()
    expect([made, prepared, others]).toEqual(['monday', expect.stringMatching(/^monday\.partial-\d+$/), []])
    expect(statSync(join(shared, made)).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(shared, prepared))).toEqual([])
  })

  it('is of one moment, however much is written meanwhile', async () => {
    const to = join(folder, 'busy')
    let writing = true
    const writer = (async () => {
      for (let count = 0; writing; count++) {
        await server.issue({ name: `meanwhile ${count}` })
        await setImmediate()
      }
    })()
    const { code, stdout, stderr } = await keywright(['backup', to, '--data', data, '--json'])
    writing = false
    await writer
    expect(code, stderr).toBe(0)
    const { files, head } = JSON.parse(stdout)
    expect(files[0].rows.kw_changes).toBe(head.number)
    expect(files[0].rows.kw_digests).toBe(files[0].rows.kw_keys)
  })

  it('begins where older changes were pruned', async () => {
    for (let count = 0; count < 3; count++) await server.issue()
    const before = new Date(Date.now() + 1000)
    expect(await pruneAudit(server.lifecycle, tester, { before, limit: 2 })).toBe(2)
    const to = join(folder, 'pruned')
    const { code, stdout, stderr } = await keywright(['backup', to, '--data', data, '--json'])
    expect(code, stderr).toBe(0)
    const { files, head } = JSON.parse(stdout)
    expect(files[0].rows.kw_changes).toBe(head.number - 2)
  })

  it('shows at a terminal how far it is', async () => {
    const args = ['backup', join(folder, 'watched'), '--data', data]
    const { code, stdout } = await keywrightAtTerminal(args, { env: {}, input: '' })
    expect([code, /█+░* keywright\.db \d+ of \d+/.test(stdout)]).toEqual([0, true])
  })

  it('leaves nothing behind where the audit log turns out to be broken', async () => {
    const to = join(folder, 'altered')
    expect((await keywright(['backup', to, '--data', data])).code).toBe(0)
    const client = new BetterSqlite3(join(to, 'keywright.db'))
    client.exec(`update kw_changes set entry = replace(entry, 'test', 'tost') where number = 5`)
    client.close()
    const again = join(folder, 'again')
    const { code, stderr } = await keywright(['backup', again, '--data', to])
    expect([code, stderr]).toEqual([1, expect.stringContaining('The audit log is broken at change 5.')])
    expect([existsSync(again), readdirSync(folder).filter((name) => name.includes('partial'))]).toEqual([false, []])
  })

  it.each([
    ['is damaged (SQLITE_NOTADB).', (file: string) => writeFileSync(file, 'x'.repeat(8192))],
    ['is damaged (SQLITE_CORRUPT).', destroyPages],
    ['cannot be read (SQLITE_IOERR_READ).', putFolderInPlaceOf],
  ])('blames the instance, not the copy, where its file %s', async (words, spoil) => {
    const from = mkdtempSync(join(folder, 'spoilt-'))
    const copied = join(from, 'data')
    expect((await keywright(['backup', copied, '--data', data])).code).toBe(0)
    spoil(join(copied, 'keywright.db'))
    const to = join(from, 'copy')
    const { code, stderr } = await keywright(['backup', to, '--data', copied])
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${join(copied, 'keywright.db')} ${words}`)])
    expect(readdirSync(from)).toEqual(['data'])
  })

  it('says what is in its way', async () => {
    const taken = join(folder, 'taken')
    writeFileSync(taken, '')
    const over = await keywright(['backup', taken, '--data', data])
    expect([over.code, over.stderr]).toEqual([1, expect.stringContaining('is there already')])
    const empty = await keywright(['backup', join(folder, 'x'), '--data', join(folder, 'nowhere')])
    expect([empty.code, empty.stderr]).toEqual([1, expect.stringContaining('There is no instance in')])
    const unwritable = await keywright(['backup', join(taken, 'x'), '--data', data])
    expect([unwritable.code, unwritable.stderr]).toEqual([1, expect.stringContaining('cannot be written (ENOTDIR)')])
    const env = { KEYWRIGHT_DATABASE_URL: 'postgres://keywright:canary@db/keywright' }
    const postgres = await keywright(['backup', join(folder, 'y')], { env })
    expect([postgres.code, postgres.stderr]).toEqual([
      1,
      expect.stringMatching(/pg_dump.*--single-transaction keywright\.dump`/),
    ])
    expect(postgres.stderr).not.toContain('canary')
  })

  it('is of the instance that would start there, whatever names it', async () => {
    const cwd = mkdtempSync(join(folder, 'configured-'))
    cpSync(data, join(cwd, '.keywright'), { recursive: true })
    const config = join(cwd, 'keywright.config.json')
    writeFileSync(config, JSON.stringify({ database: 'postgres://keywright@db/keywright' }))
    const postgres = await keywright(['backup', 'tuesday'], { cwd })
    expect([postgres.code, postgres.stderr]).toEqual([1, expect.stringContaining('pg_dump')])
    writeFileSync(config, JSON.stringify({ data: 'elsewhere' }))
    const elsewhere = await keywright(['backup', 'tuesday'], { cwd })
    expect([elsewhere.code, elsewhere.stderr]).toEqual([1, expect.stringContaining('elsewhere')])
    rmSync(config)
    const made = await keywright(['backup', "tuesday's"], { cwd })
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining("serve --data 'tuesday'\\''s'\n")])
  })
})
