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
  /** Where from each session there is was begun. */
  userAgents(): Promise<string[]>
}

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await testPostgres()
})
afterAll(() => postgres.stop())
afterEach(() => void vi.useRealTimers())

const ofSessions = 'select "userAgent" as agent from kw_sessions order by id'

const databases: Record<string, () => Promise<Started>> = {
  async SQLite() {
    const server = await startServer({ contract: 'keywright', env })
    const userAgents = async () => {
      const client = new BetterSqlite3(join(server.folder, 'data', 'people.db'), { readonly: true })
      const found = client.prepare<[], string>(ofSessions).pluck().all()
      client.close()
      return found
    }
    return { server, userAgents }
  },
  async PostgreSQL() {
    const database = await postgres.createDatabase()
    const server = await startServer({ contract: 'keywright', database, env })
    const userAgents = async () => {
      const client = new Client({ connectionString: database })
      await client.connect()
      const { rows } = await client.query<{ agent: string }>(ofSessions)
      await client.end()
      return rows.map(({ agent }) => agent)
    }
    return { server, userAgents }
  },
}

it.each(Object.keys(databases))('what let somebody in goes 30 days after its end, on %s', async (name) => {
  const now = Date.now()
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: now - 125 * dayMs })
  const { server, userAgents } = await (databases[name] as () => Promise<Started>)()
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
    sessions: (await userAgents()).filter((agent) => agent !== 'operator'),
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
