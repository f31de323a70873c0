import { AsyncLocalStorage } from 'node:async_hooks'

/** For a library that keeps to itself that its database has failed, or takes it for something else. */
export interface Heeding {
  /** Runs `work`, and throws what the database threw meanwhile, whatever the library has made of it. */
  heed<T>(work: () => Promise<T>): Promise<T>
}

export function createHeeding(): Heeding & { noting<T>(ask: () => Promise<T>): Promise<T> } {
  const under = new AsyncLocalStorage<{ failures: unknown[] }>()
  return {
    async heed(work) {
      const failures: unknown[] = []
      try {
        return await under.run({ failures }, work)
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: that is what it is for
        if (failures.length > 0) throw failures[0]
      }
    },
    async noting(ask) {
      try {
        return await ask()
      } catch (error) {
        if (!isRefusedRow(error)) under.getStore()?.failures.push(error)
        throw error
      }
    },
  }
}

/**
 * What was sent and cannot be kept, of which the library tells who sent it: PostgreSQL's classes 22, a value that is none,
 * 23, one that is there already, and 54, one that is too long for an index; and what is like them in SQLite.
 */
function isRefusedRow(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^(22|23|54|SQLITE_CONSTRAINT)/.test(code)
}
