import { type ChildProcess, type ExecFileSyncOptions, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { here, type Machine } from './network/machine.ts'
import type { Wire } from './network/network.ts'
import { postgresBinaries, postgresUser } from './postgres-binaries.ts'

/** A server where tests may make databases. */
export interface TestPostgres {
  /** A new, empty database. */
  createDatabase(): Promise<string>
  stop(): Promise<void>
}

/** One of our own, to be maltreated. Each commit is with the operating system before it is acknowledged. */
export interface OwnPostgres extends TestPostgres {
  machine: Machine
  port: number
  /** As `kill -9` would. */
  kill(): Promise<void>
  start(): Promise<void>
  /** A standby that follows, named `standby`. */
  startStandby(machine: Machine, wire: Pick<Wire, 'host' | 'port'>): Promise<OwnPostgres>
  /** Runs statements as its superuser, and answers the rows of the last one. */
  sql(text: string): Promise<Record<string, unknown>[]>
}

type Settings = Readonly<Record<string, string>>

let databases = 0

/** The server that `KEYWRIGHT_TEST_POSTGRES_URL` names, or one of our own. */
export async function testPostgres(): Promise<TestPostgres> {
  const url = process.env.KEYWRIGHT_TEST_POSTGRES_URL
  if (url === undefined) return startPostgres()
  return { createDatabase: () => createDatabase(url), stop: async () => {} }
}

export async function startPostgres(settings: Settings = {}, machine = here): Promise<OwnPostgres> {
  return startIn(settings, machine, async (data, options) => {
    // A language that does not sort byte by byte, as most databases have.
    const language = ['--locale-provider=icu', '--icu-locale=en-US', '--locale=C', '--encoding=UTF8']
    const rest = ['-D', data, '-U', 'keywright', '-A', 'trust', '--no-sync', '--no-instructions']
    execFileSync(join(postgresBinaries(), 'initdb'), [...language, ...rest], options)
    // Those who share a wire with it.
    appendFileSync(join(data, 'pg_hba.conf'), 'host all all samenet trust\nhost replication all samenet trust\n')
  })
}

async function startIn(
  settings: Settings,
  machine: Machine,
  fill: (data: string, options: ExecFileSyncOptions) => Promise<void>,
): Promise<OwnPostgres> {
  const binaries = postgresBinaries()
  const user = postgresUser()
  const folder = mkdtempSync(join(tmpdir(), 'keywright-postgres-'))
  if (user) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  await fill(data, { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  const port = await machine.portFor(5432)
  const own = {
    listen_addresses: machine.anyAddress,
    port,
    unix_socket_directories: '',
    fsync: 'off',
    log_min_messages: 'panic',
  }
  const options = Object.entries({ ...own, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const url = `postgres://keywright@${machine.address}:${port}/postgres`
  let server: ChildProcess | null = null
  process.once('exit', () => server?.exitCode === null && server.kill('SIGQUIT'))

  async function start(): Promise<void> {
    const { program, args, ...as } = machine.command(join(binaries, 'postgres'), ['-D', data, ...options], user)
    server = spawn(program, args, { ...as.user, cwd: folder, stdio: 'ignore' })
    for (;;) {
      if (server.exitCode !== null) {
        // Of one that was killed, children may still be on their way out.
        await setTimeout(100)
        return start()
      }
      const client = new Client({ connectionString: url, connectionTimeoutMillis: 1000 })
      client.on('error', () => {})
      try {
        await client.connect()
        await client.end()
        return
      } catch {
        await setTimeout(50)
      }
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server === null || server.exitCode !== null || server.signalCode !== null) return
    const exit = once(server, 'exit')
    server.kill(signal)
    await exit
  }

  async function sql(text: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: url })
    client.on('error', () => {})
    await client.connect()
    const { rows } = await client.query(text)
    await client.end()
    return rows
  }

  /** As a base backup does, whose own program is not everywhere that the server is. */
  async function startStandby(on: Machine, wire: Pick<Wire, 'host' | 'port'>): Promise<OwnPostgres> {
    const primary = `host=${wire.host} port=${wire.port} user=keywright application_name=standby`
    return startIn(settings, on, async (target, options) => {
      const client = new Client({ connectionString: url })
      await client.connect()
      await client.query(`select pg_backup_start('standby', true)`)
      execFileSync('cp', ['-Rp', data, target], options)
      const { rows } = await client.query('select labelfile from pg_backup_stop(false)')
      await client.end()
      rmSync(join(target, 'postmaster.pid'))
      for (const [name, text] of [
        ['backup_label', rows[0].labelfile],
        ['standby.signal', ''],
      ]) {
        writeFileSync(join(target, name), text)
        // As root, who has written it: the server wants it for its own.
        if (user) chownSync(join(target, name), user.uid, user.gid)
      }
      appendFileSync(join(target, 'postgresql.auto.conf'), `primary_conninfo = '${primary}'\n`)
    })
  }

  await start()
  return {
    machine,
    port,
    createDatabase: () => createDatabase(url),
    kill: () => end('SIGKILL'),
    start,
    startStandby,
    sql,
    async stop() {
      await end('SIGQUIT')
      rmSync(folder, { recursive: true })
    },
  }
}

/** All rows of all tables, as text. */
export async function everythingIn(database: string): Promise<string> {
  const client = new Client({ connectionString: database })
  await client.connect()
  const tables = await client.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public'`,
  )
  const texts: string[] = []
  for (const { name } of tables.rows) {
    const { rows } = await client.query<{ text: string }>(`select t::text as text from "${name}" as t`)
    texts.push(...rows.map(({ text }) => text))
  }
  await client.end()
  return texts.join('\n')
}

async function createDatabase(server: string): Promise<string> {
  const name = `keywright_${process.pid}_${++databases}`
  const client = new Client({ connectionString: server })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  return Object.assign(new URL(server), { pathname: `/${name}` }).href
}
