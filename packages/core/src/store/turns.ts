import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Lets one piece of work run after the other, in the order they were asked for. Work that asks for a turn from within
 * its own would wait for itself for ever, and is refused.
 */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  const within = new AsyncLocalStorage<{ over: boolean }>()
  let last: Promise<unknown> = Promise.resolve()

  return async (work) => {
    if (within.getStore()?.over === false) {
      throw new Error('A transaction is already running here: use the one that was handed to `work`.')
    }
    const turn = { over: false }
    const result = last
      .then(() => within.run(turn, work))
      .finally(() => {
        turn.over = true
      })
    last = result.catch(() => {})
    return result
  }
}
