/** The same numbers for the same seed: a failure can be run again. */
export function createRandom(seed: number) {
  let state = seed >>> 0
  /** A whole number from 0 to `below` − 1. */
  function below(limit: number): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
  return {
    below,
    chance: (percent: number) => below(100) < percent,
    pick: <T>(list: readonly T[]): T => list[below(list.length)] as T,
  }
}

export type Random = ReturnType<typeof createRandom>
