import type { FoundKey, KeySource } from '@keywright/core'
import { type InMemoryOptions, inMemory } from '@keywright/core/testing'

/** Counts what is looked up, and can be away. */
export function createCountingSource(source: KeySource) {
  let reads = 0
  let outage: Error | null = null

  function counted<A extends unknown[], R>(read: (...asked: A) => R): (...asked: A) => R {
    return (...asked) => {
      reads++
      if (outage) throw outage
      return read(...asked)
    }
  }

  const counting: KeySource = {
    find: counted((digest) => source.find(digest)),
    found: counted((id) => source.found(id)),
  }
  return {
    ...counting,
    get reads() {
      return reads
    },
    fail(message: string | null) {
      outage = message === null ? null : new Error(message)
    },
  }
}

/** Answers with what was true when it was asked, once it is told to. */
export function createSlowSource(source: KeySource) {
  const waiting: (() => void)[] = []

  function slow(answer: FoundKey | undefined): Promise<FoundKey | undefined> {
    return new Promise((resolve) => {
      waiting.push(() => resolve(answer))
    })
  }

  return {
    find: async (digest: string) => slow(await source.find(digest)),
    found: async (id: string) => slow(await source.found(id)),
    get waiting() {
      return waiting.length
    },
    /** Lets go the one that asked `at`-th, or all. */
    async answer(at?: number): Promise<void> {
      await settled()
      for (const go of at === undefined ? waiting.splice(0) : waiting.splice(at, 1)) go()
      await settled()
    },
  }
}

/** All in memory, where the verifier reads through such a source. */
export function inMemoryThrough<S extends KeySource>(create: (source: KeySource) => S, options: InMemoryOptions) {
  let source: S | undefined
  const all = inMemory({
    ...options,
    keys(store) {
      source = create(store)
      return source
    },
  })
  return { ...all, source: source as S }
}

/** Until nothing moves any more by itself. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
