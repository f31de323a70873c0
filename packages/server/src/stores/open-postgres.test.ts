import { emptyHead, entryText, link } from '@keywright/core'
import { aKey, anOrganization, digestOf, someEvent } from '@keywright/core/testing'
import { sql } from 'kysely'
import { Client, Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestPostgres, testPostgres } from '../../test/support/postgres.ts'
import { explainPostgres } from './explain-postgres.ts'
import { postgresTypes } from './migrate-postgres.ts'
import { migrations, migrationsTable } from './migrations/index.ts'
import { openPostgres, type SharedStore } from './open-postgres.ts'
import { postgres } from './postgres.ts'

let server: TestPostgres
let url: string
const opened: SharedStore[] = []

beforeAll(async () => {
  server = await testPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  url = await server.createDatabase()
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()))
})

function open(at = url): SharedStore {
  const store = openPostgres(at)
  opened.push(store)
  return store
}

/** The database, by connections that have these. */
function withSettings(settings: string): string {
  return Object.assign(new URL(url), { search: `?options=${encodeURIComponent(`-c ${settings}`)}` }).href
}

/** A connection in which something is left undone until `end`. */
async function holding(statements: string): Promise<{ end(): Promise<void> }> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(statements)
  return { end: () => client.end() }
}

async function withKey(): Promise<SharedStore> {
  const store = open()
  await store.prepare()
  await store.transact(async (transaction) => {
    await transaction.putOrganization(anOrganization())
    await transaction.putKey(aKey(1))
    transaction.record(someEvent())
  })
  return store
}

describe('a database that many nodes share', () => {
  it('is brought up to date once, however many nodes start at the same time', async () => {
    const stores = Array.from({ length: 5 }, () => open())
    await Promise.all(stores.map((store) => store.prepare()))
    const pool = new Pool({ connectionString: url })
    const { rows } = await pool.query('select number from kw_migrations order by number')
    expect(rows.map(({ number }) => Number(number))).toEqual(migrations.map(({ number }) => number))
    await pool.end()
  })

  it('is used by an older version where the newer one allows that, and not where it does not', async () => {
    const store = await withKey()
    const newer = await holding(`insert into kw_migrations values (${migrations.length + 1}, 'wider', 0)`)
    await newer.end()
    await store.prepare()
    expect(await store.find(digestOf(1))).toBeDefined()
    const narrower = await holding(
      `insert into kw_migrations values (${migrations.length + 2}, 'narrower', 0, ${migrations.length + 1})`,
    )
    await narrower.end()
    const error = await store.prepare().catch((reason: unknown) => reason)
    expect(explainPostgres(error)?.message).toContain('start a newer one')
  })

  it('is brought up to date also where an old event holds what its text cannot', async () => {
    const pool = new Pool({ connectionString: url })
    await pool.query(migrationsTable)
    for (const { number, name, statements } of migrations.slice(0, 7)) {
      for (const statement of statements(postgresTypes)) await pool.query(statement)
      await pool.query('insert into kw_migrations values ($1, $2, 0)', [number, name])
    }
    const details = { note: '\u0000 \ud800 \\u0000 \\' }
    const change = link(emptyHead, someEvent({ details, actor: { ...someEvent().actor, id: 'a "quoted" one\\' } }))
    await pool.query(
      `insert into kw_changes (number, hash, entry, at, organization, target, action)
        values (1, $1, $2, 0, 'acme', 'key_1', 'key.updated')`,
      [change.hash, entryText(change)],
    )
    await open().prepare()
    const { rows } = await pool.query('select actor, triggered_by from kw_changes')
    expect(rows).toEqual([{ actor: 'a "quoted" one\\', triggered_by: 'api' }])
    await pool.end()
  })

  it('does not keep credentials waiting for those who manage keys', async () => {
    const store = await withKey()
    const lock = await holding('begin; select from kw_head for update')
    const changing = Array.from({ length: 20 }, () => store.transact(async (it) => it.record(someEvent())))
    const settled = Promise.allSettled(changing)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await store.find(digestOf(1))).toMatchObject({ readAt: 1 })
    expect(await store.usage.month('acme', '2026-11')).toBe(0)
    await lock.end()
    await settled
    expect((await store.head()).number).toBe(21)
  })

  it('deletes whatever is of an organization in statements of bounded size', async () => {
    const store = await withKey()
    const many = `select 'key_' || n as id, n from generate_series(10001, 15000) n`
    const { end } = await holding(`
      insert into kw_keys (id, organization, name, kind, environment, metadata, created_at, versions)
        select id, 'acme', '', '', '', '{}', 0, '[]' from (${many}) as made;
      insert into kw_digests select id, id from (${many}) as made;
      insert into kw_usage select id, n, 1, 'allowed', '', 'acme', 1 from (${many}) as made;
      insert into kw_refusals (id, at, reason, "key", organization, route)
        select id, n, 'rate_limited', id, 'acme', '' from (${many}) as made;
      create function bounded() returns trigger language plpgsql as
        $$ begin if (select count(*) from gone) > 2000 then raise 'too many at once'; end if; return null; end $$;
      ${['kw_keys', 'kw_digests', 'kw_usage', 'kw_refusals']
        .map(
          (table) => `create trigger bounded after delete on ${table} referencing old table as gone
          for each statement execute function bounded()`,
        )
        .join(';')}
    `)
    await end()
    await store.transact(async (transaction) => {
      await transaction.deleteOrganization('acme')
      transaction.record(someEvent())
    })
    expect((await store.keys({ limit: 1 })).items).toEqual([])
    expect(await store.organization('acme')).toBeUndefined()
  })

  it('fails a look-up that takes too long, and the next one works', async () => {
    const store = await withKey()
    const lock = await holding('begin; lock table kw_keys in access exclusive mode')
    const found = await Promise.allSettled(Array.from({ length: 12 }, () => store.find(digestOf(1))))
    expect(new Set(found.map(({ status }) => status))).toEqual(new Set(['rejected']))
    await lock.end()
    expect(await store.find(digestOf(1))).toBeDefined()
  })

  it('goes on after every connection was ended by the database', async () => {
    const store = await withKey()
    const { end } = await holding(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    await end()
    await Promise.allSettled([store.find(digestOf(1))])
    expect(await store.find(digestOf(1))).toBeDefined()
    await store.transact(async (transaction) => transaction.record(someEvent()))
  })

  it('asks nobody else on a connection that was ended while it was asked', async () => {
    const { db } = open().people
    const ended = sql`select pg_terminate_backend(pg_backend_pid()), pg_sleep(60)`.execute(db)
    await expect(ended).rejects.toMatchObject({ code: '57P01' })
    expect((await sql`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }])
  })

  it('ends the transaction of a process that stopped within it, so that others go on', async () => {
    const store = await withKey()
    let release = () => {}
    const stopped = new Promise<void>((resolve) => {
      release = resolve
    })
    let begin = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const first = store.transact(async (transaction) => {
      await transaction.organization('acme')
      begin()
      await stopped
      transaction.record(someEvent())
    })
    const outcome = first.then(
      () => 'committed',
      () => 'ended',
    )
    await begun
    await store.transact(async (transaction) => {
      await transaction.organization('acme')
      transaction.record(someEvent())
    })
    release()
    expect(await outcome).toBe('ended')
    expect((await store.head()).number).toBe(2)
  })

  it('says what only a person can put right', async () => {
    const wrong = open(Object.assign(new URL(url), { pathname: '/nowhere' }).href)
    const error = await wrong.prepare().catch((reason: unknown) => reason)
    expect(explainPostgres(error)).toEqual({
      message: 'PostgreSQL has no such database: database "nowhere" does not exist.',
      hint: 'Make it with `createdb`, or correct --database.',
    })
  })

  it('is none that takes no changes, whatever its user may do', async () => {
    const readOnly = withSettings('default_transaction_read_only=on')
    for (const isPrepared of [false, true]) {
      if (isPrepared) await open().prepare()
      const error = await open(readOnly)
        .prepare()
        .catch((reason: unknown) => reason)
      expect(explainPostgres(error)).toEqual({
        message: expect.stringMatching(
          /^The database takes no changes: cannot execute .+ in a read-only transaction\.$/,
        ),
        hint: 'Turn default_transaction_read_only off for it, or name the primary.',
      })
    }
  })

  it('is read and written with the same isolation, whichever is usual there', async () => {
    const { people } = open(withSettings('default_transaction_isolation=serializable'))
    const { rows } = await sql`show transaction_isolation`.execute(people.db)
    expect(rows).toEqual([{ transaction_isolation: 'read committed' }])
  })

  it('is used by a user who may make no tables, where none is missing', async () => {
    await withKey()
    const user = `keywright_user_${process.pid}`
    const granted = await holding(`
      create role ${user} login;
      revoke create on schema public from public;
      grant select, insert, update, delete on all tables in schema public to ${user};
    `)
    await granted.end()
    const store = open(Object.assign(new URL(url), { username: user }).href)
    await store.prepare()
    await store.transact(async (transaction) => transaction.record(someEvent()))
    expect(await store.find(digestOf(1))).toMatchObject({ readAt: 2 })
  })

  it('is found where a schema has come before its own in the search path', async () => {
    await withKey()
    await (await holding('create schema ahead')).end()
    const store = open(withSettings('search_path=ahead,public'))
    await store.prepare()
    expect(await store.find(digestOf(1))).toBeDefined()
    // Where a library makes the tables of people, and a later release its own.
    const { rows } = await sql`select current_schema() as made`.execute(store.people.db)
    expect(rows).toEqual([{ made: 'public' }])
  })

  it('says so where the search path leads to no schema', async () => {
    const error = await open(withSettings('search_path=nowhere'))
      .prepare()
      .catch((reason: unknown) => reason)
    expect(explainPostgres(error)?.hint).toContain('search_path')
  })

  it('is none whose encoding lacks characters, and is left as it is', async () => {
    const name = `keywright_latin_${process.pid}`
    const made = await holding(
      `create database ${name} encoding 'LATIN1' locale_provider libc locale 'C' template template0`,
    )
    await made.end()
    const latin = Object.assign(new URL(url), { pathname: `/${name}` }).href
    const error = await open(latin)
      .prepare()
      .catch((reason: unknown) => reason)
    expect(explainPostgres(error)).toMatchObject({
      message: 'The database is encoded in LATIN1, which does not have every character.',
      hint: expect.stringContaining('createdb -E UTF8 -T template0'),
    })
    const pool = new Pool({ connectionString: latin })
    const tables = await pool.query(`select from pg_tables where schemaname = 'public'`)
    expect(tables.rowCount).toBe(0)
    await pool.end()
  })

  it('is an outage, and nothing else, where nobody listens', async () => {
    const away = open('postgres://keywright:secret@127.0.0.1:1/keywright')
    for (const asked of [away.prepare(), Promise.resolve(away.find(digestOf(1))), away.head()]) {
      const error = (await asked.catch((reason: unknown) => reason)) as Error & { code: string }
      expect(error.code).toBe('database_unreachable')
      expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain('secret')
      expect(explainPostgres(error)).toBeNull()
    }
  })

  it("can be the caller's own, with its own tables and its pool open afterwards", async () => {
    const pool = new Pool({ connectionString: url })
    await pool.query('create table keys (id text)')
    const store = await postgres(pool)
    await store.transact(async (transaction) => transaction.record(someEvent()))
    await store.close()
    expect((await pool.query('select count(*) from keys')).rows).toEqual([{ count: '0' }])
    await pool.end()
  })
})
