import { setImmediate } from 'node:timers/promises'
import type { Actor, Change, ChangeEvent } from '../audit/event.ts'
import type { KeyRecord } from '../key/record.ts'
import type { Transaction } from '../store/store.ts'
import { type ForeignKey, findSecret, importIn, readSecret } from './import.ts'
import { issueIn, type NewKey } from './issue.ts'
import { type Lifecycle, LifecycleError } from './lifecycle.ts'
import { reissueIn } from './reissue.ts'
import { revokeIn } from './revoke.ts'
import type { MakersReach } from './terms.ts'

/** One of many, by its place among them. */
export type Row<Input> = Input & { row: number }

/**
 * What became of each, in the order of their places. `change` is the last one, which is in force only after all before it;
 * null: there was none.
 */
export interface Bulk<Done> {
  rows: Row<{ done: Done } | { error: LifecycleError }>[]
  change: Change | null
}

/** `dryRun`: everything is tried and nothing is kept. */
export interface BulkOptions {
  dryRun?: boolean
}

/** Makes many keys in one transaction. What one of them may not have leaves the others alone: it is refused before it writes. */
export function issueMany(
  lifecycle: Lifecycle,
  actor: Actor,
  inputs: readonly Row<{ key: NewKey; reach: MakersReach }>[],
  options: BulkOptions = {},
): Promise<Bulk<{ key: KeyRecord; credential: string }>> {
  return inBulk(lifecycle, inputs, options, (transaction, { key, reach }) =>
    issueIn(transaction, lifecycle, actor, key, reach),
  )
}

/** `reissue` for many; of each `number` is the version to replace. */
export function reissueMany(
  lifecycle: Lifecycle,
  actor: Actor,
  inputs: readonly Row<{ id: string; number: number }>[],
): Promise<Bulk<{ key: KeyRecord; credential: string }>> {
  return inBulk(lifecycle, byId(inputs), {}, (transaction, { id, number }) =>
    reissueIn(transaction, lifecycle, actor, id, number),
  )
}

/** Revokes many, each named once, in one transaction. What is revoked already stays as it is. */
export function revokeMany(
  lifecycle: Lifecycle,
  actor: Actor,
  inputs: readonly Row<{ id: string }>[],
  { reason, ...options }: BulkOptions & { reason?: string } = {},
): Promise<Bulk<KeyRecord>> {
  return inBulk(lifecycle, byId(inputs), { ...options, atOnce: independentAtOnce }, (transaction, { id }) =>
    revokeIn(transaction, lifecycle, actor, id, reason ?? null),
  )
}

/**
 * Takes over many keys in one transaction. One that is here already, in the same organization and not revoked, is answered
 * as it is: an import that was broken off can be made again.
 */
export async function importMany(
  lifecycle: Lifecycle,
  actor: Actor,
  inputs: readonly Row<{ key: ForeignKey }>[],
  options: BulkOptions = {},
): Promise<Bulk<{ key: KeyRecord; isNew: boolean }>> {
  const read = await Promise.all(
    inputs.map(async ({ row, key }) => {
      try {
        const secret = readSecret(lifecycle, key.secret)
        return { row, key, secret, there: await findSecret(lifecycle, secret) }
      } catch (error) {
        if (error instanceof LifecycleError) return { row, error }
        throw error
      }
    }),
  )
  const seen = new Map<string, number>()
  const once = read.map((input) => {
    if ('error' in input) return input
    const { row, secret } = input
    const earlier = secret.candidates.map((digest) => seen.get(digest)).find((it) => it !== undefined)
    if (earlier !== undefined) return { row, error: known(`Row ${earlier} is the same key.`) }
    for (const digest of secret.candidates) seen.set(digest, row)
    return input
  })
  // What is in here may be run again.
  return inBulk(lifecycle, once, options, async (transaction, input) => {
    if ('error' in input) throw input.error
    const { key, secret, there } = input
    if (!there) return { key: await importIn(transaction, lifecycle, actor, key, secret), isNew: true }
    if (there.organization !== key.organization) throw known('This key is here already, in another organization.')
    if (there.revokedAt) throw known('This key is here already, and is revoked.')
    return { key: there, isNew: false }
  })
}

function known(message: string): LifecycleError {
  return new LifecycleError('conflict', message, 'secret')
}

/** So that of two calls about the same keys one waits, and not each for the other. */
function byId<Input extends { id: string }>(inputs: readonly Input[]): Input[] {
  return inputs.toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)))
}

/** How many are written before whoever else has something to do gets a turn. */
const rowsAtOnce = 16
/** Of those that have nothing to do with each other, which a store may write with one statement. */
const independentAtOnce = 100

interface Way extends BulkOptions {
  /** How many are written side by side. */
  atOnce?: number
}

async function inBulk<Input, Done>(
  { store }: Lifecycle,
  inputs: readonly Row<Input>[],
  { dryRun = false, atOnce = 1 }: Way,
  one: (transaction: Transaction, input: Row<Input>) => Promise<Done>,
): Promise<Bulk<Done>> {
  const work = async (transaction: Transaction) => {
    async function attempt(input: Row<Input>): Promise<Bulk<Done>['rows'][number]> {
      const { row } = input
      const record = (event: ChangeEvent) => transaction.record({ ...event, details: { ...event.details, row } })
      try {
        return { row, done: await one({ ...transaction, record }, input) }
      } catch (error) {
        if (error instanceof LifecycleError) return { row, error }
        throw error
      }
    }

    const rows: Bulk<Done>['rows'] = []
    for (let from = 0; from < inputs.length; from += atOnce) {
      if (from % rowsAtOnce < atOnce) await setImmediate()
      rows.push(...(await Promise.all(inputs.slice(from, from + atOnce).map(attempt))))
    }
    rows.sort((a, b) => a.row - b.row)
    if (dryRun) throw new DryRun(rows)
    return rows
  }
  try {
    const { result, changes } = await store.transact(work)
    return { rows: result, change: changes.at(-1) ?? null }
  } catch (error) {
    if (error instanceof DryRun) return { rows: error.rows as Bulk<Done>['rows'], change: null }
    throw error
  }
}

/** Thrown so that the transaction is rolled back. */
class DryRun {
  readonly rows: unknown
  constructor(rows: unknown) {
    this.rows = rows
  }
}
