import type { Limit } from '../key/record.ts'
import type { Meter } from '../limit/counters.ts'
import type { DigestTable } from './digest-table.ts'

/** Doubles of a key's line, where its first two counters are noted. */
const SLOTS = 6
const SLOTS_NOTED = 2

/** A limit that each key has for itself, for the key whose entry it was pointed at: keys of a kind take turns with one. */
export class KeyMeter implements Meter {
  readonly limit: Limit
  entry = -1
  // Not to be found by whoever writes down or copies a meter: it leads to every key there is.
  readonly #table: DigestTable
  readonly #place: number

  /** `place` among the key's own limits. */
  constructor(limit: Limit, table: DigestTable, place: number) {
    this.limit = limit
    this.#table = table
    this.#place = place
  }

  get subject(): string {
    return this.#table.ids[this.entry] as string
  }

  get slot(): number {
    return this.#place < SLOTS_NOTED ? (this.#table.doubles[(this.entry << 3) + SLOTS + this.#place] as number) : -1
  }

  set slot(slot: number) {
    if (this.#place < SLOTS_NOTED) this.#table.doubles[(this.entry << 3) + SLOTS + this.#place] = slot
  }
}

/** A slot is the counter of one limit: with other limits it would count another's requests. */
export function forgetSlots({ doubles }: DigestTable, entry: number): void {
  doubles.fill(-1, (entry << 3) + SLOTS, (entry << 3) + SLOTS + SLOTS_NOTED)
}
