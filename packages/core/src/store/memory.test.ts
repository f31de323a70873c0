import { describe, it } from 'vitest'
import { storeConformance } from '../testing/store.ts'
import { createMemoryStore } from './memory.ts'

describe('in memory', () => {
  storeConformance({
    describe,
    it,
    async create() {
      const store = createMemoryStore()
      return { store, close: () => store.close() }
    },
  })
})
