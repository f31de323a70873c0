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

/** PostgreSQL's class 23, and its like: of two who make the same, one is told so by the library. */
function isRefusedRow(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^(23|SQLITE_CONSTRAINT)/.test(code)
}
