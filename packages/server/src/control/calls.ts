/** A call with an `Idempotency-Key`, on its way into the store of calls. Nothing secret is in it. */
export interface NewCall {
  /** `call_…`; every change that the call makes is marked with it. */
  id: string
  caller: string
  route: string
  key: string
  /** SHA-256 over path, query and body. */
  fingerprint: string
  /** Number of the last change before it began. */
  since: number
  now: Date
}

/** What is known of a call that was made before. */
export interface KnownCall {
  id: string
  since: number
  target: string | null
  version: number | null
}

export type Claim =
  /** Not seen before. */
  | { state: 'new' }
  /** Carried out before, and to be answered again. */
  | { state: 'done'; call: KnownCall }
  /** Begun by a process that is gone: the change log says whether it was carried out. */
  | { state: 'abandoned'; call: KnownCall }
  /** Somebody else has it. */
  | { state: 'running' }
  /** Its key was used for something else. */
  | { state: 'mismatch' }

/** Remembers calls for 24 hours, for each caller and route. */
export interface CallStore {
  /** Atomic. After `new`, `done` and `abandoned` the call is the claimant's, until it finishes or releases it. */
  claim(call: NewCall): Promise<Claim>
  finish(id: string, result: Pick<KnownCall, 'target' | 'version'>): Promise<void>
  /** Forgets the call: nothing came of it. */
  release(id: string): Promise<void>
}

export const callsKeptMs = 24 * 60 * 60 * 1000

/** No call runs longer than that: its process is gone, or has lost track of it. */
export const callsRunMs = 60_000

/** For tests, and for instances that keep nothing. */
export function createMemoryCalls(): CallStore {
  type Row = KnownCall & { name: string; fingerprint: string; createdAt: number; claimedAt: number; running: boolean }
  const rows = new Map<string, Row>()
  const byId = (id: string) => [...rows.values()].find((row) => row.id === id)

  return {
    async claim({ id, caller, route, key, fingerprint, since, now }) {
      const claimedAt = now.getTime()
      for (const row of rows.values()) if (row.createdAt <= claimedAt - callsKeptMs) rows.delete(row.name)
      const name = JSON.stringify([caller, route, key])
      const known = rows.get(name)
      if (!known) {
        const times = { createdAt: claimedAt, claimedAt }
        rows.set(name, { id, since, target: null, version: null, name, fingerprint, ...times, running: true })
        return { state: 'new' }
      }
      if (known.fingerprint !== fingerprint) return { state: 'mismatch' }
      const { running } = known
      if (running && claimedAt < known.claimedAt + callsRunMs) return { state: 'running' }
      Object.assign(known, { running: true, claimedAt })
      return { state: running ? 'abandoned' : 'done', call: { ...known } }
    },
    async finish(id, { target, version }) {
      const row = byId(id)
      if (row) Object.assign(row, { target, version, running: false })
    },
    async release(id) {
      const row = byId(id)
      if (row) rows.delete(row.name)
    },
  }
}
