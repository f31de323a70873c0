import { storeConformance } from '@keywright/core/testing'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { type TestPostgres, testPostgres } from '../../test/support/postgres.ts'
import { postgres } from './postgres.ts'

let server: TestPostgres

beforeAll(async () => {
  server = await testPostgres()
})
afterAll(() => server.stop())

describe('on PostgreSQL', () => {
  storeConformance({
    describe,
    it,
    async create() {
      const pool = new Pool({ connectionString: await server.createDatabase() })
      const store = await postgres(pool)
      return {
        store,
        async close() {
          await store.close()
          await pool.end()
        },
      }
    },
  })
})
