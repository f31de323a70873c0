import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { everythingIn, type TestPostgres, testPostgres } from './postgres.ts'
import { startServer, type TestServer } from './start-server.ts'

type Start = (options: Parameters<typeof startServer>[0]) => Promise<TestServer>

/** All that a server has stored, as text. */
type Stored = (server: TestServer) => Promise<string>

/** The same tests on the embedded database and on one that nodes share. */
export function onEachDatabase(tests: (start: Start, stored: Stored) => void): void {
  describe('on SQLite', () =>
    tests(startServer, async ({ folder }) => {
      const data = join(folder, 'data')
      return readdirSync(data)
        .map((name) => readFileSync(join(data, name), 'latin1'))
        .join('\n')
    }))

  describe('on PostgreSQL', () => {
    let postgres: TestPostgres
    beforeAll(async () => {
      postgres = await testPostgres()
    }, 60_000)
    afterAll(() => postgres.stop(), 60_000)

    const secret = { KEYWRIGHT_SECRET: 'a-secret-of-the-tests-with-many-characters' }
    const databases = new WeakMap<TestServer, string>()
    tests(
      async ({ env, ...options }) => {
        const database = await postgres.createDatabase()
        const server = await startServer({ ...options, database, env: { ...secret, ...env } })
        databases.set(server, database)
        return server
      },
      (server) => everythingIn(databases.get(server) ?? ''),
    )
  })
}
