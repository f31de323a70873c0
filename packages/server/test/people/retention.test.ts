import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { issueCliToken } from '../support/issue-cli-token.ts'
import { becomeOperator, goodPassword, openBrowser, signUp } from '../support/people.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { startServer, type TestServer, tester } from '../support/start-server.ts'

const dayMs = 86_400_000
const env = {
  KEYWRIGHT_SIGN_UP: 'open',
  KEYWRIGHT_SECRET: 'a-secret-of-the-tests-with-many-characters',
}

interface Started {
  server: TestServer
  /** The first column of what is asked for. */
  column(query: string): Promise<string[]>
}

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await testPostgres()
})
afterAll(() => postgres.stop())
afterEach(() => void vi.useRealTimers())

const ofSessions = 'select "userAgent" from kw_sessions order by id'

const databases: Record<string, () => Promise<Started>> = {
  async SQLite() {
    const server = await startServer({ contract: 'keywright', env })
    const column = async (query: string) => {
      const client = new BetterSqlite3(join(server.folder, 'data', 'people.db'))
      const found = client.prepare<[], string>(query).pluck().all()
      client.close()
      return found
    }
    return { server, column }
  },
  async PostgreSQL() {
    const database = await postgres.createDatabase()
    const server = await startServer({ contract: 'keywright', database, env })
    const column = async (query: string) => {
      const client = new Client({ connectionString: database })
      await client.connect()
      const { rows } = await client.query<[string]>({ text: query, rowMode: 'array' })
      await client.end()
      return rows.map(([first]) => first)
    }
    return { server, column }
  },
}

it.each(Object.keys(databases))('what let somebody in goes 30 days after its end, on %s', async (name) => {
  const now = Date.now()
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: now - 125 * dayMs })
  const { server, column } = await (databases[name] as () => Promise<Started>)()
  const { id: user, email } = await becomeOperator(server)
  const at = async (daysAgo: number) => {
    vi.setSystemTime(now - daysAgo * dayMs)
    await issueCliToken(server.lifecycle, tester, { user, name: `${daysAgo}` })
    await signUp(server, { headers: { 'user-agent': `${daysAgo}` } })
    const operator = openBrowser(server)
    const headers = { 'user-agent': 'operator' }
    await operator.call('POST', '/api/auth/sign-in/email', { email, password: goodPassword }, headers)
    await operator.call('POST', '/v1/operators/invitations', { email: `invited-${daysAgo}@example.com` })
  }
  for (const daysAgo of [121, 119, 38, 36, 0]) await at(daysAgo)
  const { store } = server.lifecycle
  const left = async () => ({
    sessions: (await column(ofSessions)).filter((agent) => agent !== 'operator'),
    terminals: (await store.cliTokens({ user, limit: 9 })).items.map(({ name }) => name),
    invitations: (await store.invitations({ organization: null, limit: 9 })).items.map(({ email }) => email),
  })
  vi.advanceTimersByTime(3_600_000)
  const kept = {
    sessions: ['36', '0'],
    terminals: ['119', '38', '36', '0'],
    invitations: ['invited-36@example.com', 'invited-0@example.com'],
  }
  await vi.waitFor(async () => expect(await left()).toEqual(kept), 10_000)
  await server.stop()
})

/** As many as there are looked at in one go, of the time of the latest, with ids that come before those of all else. */
const addLinks = `
  insert into kw_verifications (id, identifier, value, "expiresAt", "createdAt", "updatedAt")
  with recursive n (i) as (select 1 union all select i + 1 from n where i < 500)
  select 'rst_' || i, 'link', 'nobody', at, at, at from n, (select max("expiresAt") as at from kw_verifications) as latest
  returning id`

it.each(Object.keys(databases))('so does what was begun and not ended, on %s', async (name) => {
  const now = Date.now()
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: now - 35 * dayMs })
  const { server, column } = await (databases[name] as () => Promise<Started>)()
  const begin = () => openBrowser(server).call('POST', '/api/auth/sign-in/passkey/options')
  await begin()
  vi.setSystemTime(now - 20 * dayMs)
  await begin()
  const links = await column(addLinks)
  const [over, later] = await column('select id from kw_verifications order by "createdAt" limit 2')
  vi.setSystemTime(now)
  vi.advanceTimersByTime(3_600_000)
  const left = () => column('select id from kw_verifications')
  await vi.waitFor(async () => expect(await left()).not.toContain(over), 10_000)
  expect(new Set(await left())).toEqual(new Set([later, ...links]))
  await server.stop()
})
