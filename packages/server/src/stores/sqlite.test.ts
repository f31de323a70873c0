import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeConformance } from '@keywright/core/testing'
import { describe, it } from 'vitest'
import { openSqlite } from './open-sqlite.ts'

describe('on SQLite', () => {
  storeConformance({
    describe,
    it,
    async create() {
      const folder = mkdtempSync(join(tmpdir(), 'keywright-'))
      const store = openSqlite(join(folder, 'keywright.sqlite'))
      return {
        store,
        async close() {
          await store.close()
          rmSync(folder, { recursive: true })
        },
      }
    },
  })
})
