import { emptyLedger, type Ledger } from '../packages/server/src/limits/ledger.ts'
import type { LedgerName, Ledgers } from '../packages/server/src/limits/ledgers.ts'
import type { Network } from './network.ts'
import type { Simulation } from './simulation.ts'

const statementWithinMs = 1_000
const idleWithinMs = 500
const answerWithinMs = 1_500

interface Transaction {
  isOver: boolean
  end: () => void
  /** How often it has been asked for something. */
  asked: number
}

/** The ledgers in the database, each locked by one transaction at a time, from when it is read until the commit arrives. */
export class LedgerDatabase {
  changes = 0
  private readonly ledgers = new Map<string, Ledger>()
  private readonly waiting = new Map<string, (() => void)[]>()
  private readonly simulation: Simulation
  private readonly network: Network

  constructor(simulation: Simulation, network: Network) {
    this.simulation = simulation
    this.network = network
  }

  /** As a node in this region reaches them: it asks to begin, to lock and read, to write, and to commit. */
  from(region: number, onCounted: (at: number) => void): Ledgers {
    const ask = <T>(work: () => Promise<T>) => this.network.ask(region, answerWithinMs, work)
    return {
      change: async (names, work) => {
        await ask(async () => {})
        const { transaction, open, now } = await ask(() => this.lock(names))
        const result = work(open, now)
        await ask(() => this.continue(transaction, () => {}))
        await ask(() =>
          this.continue(transaction, () => {
            for (const [name, ledger] of open) this.ledgers.set(name, ledger)
            this.changes++
            transaction.end()
          }),
        )
        onCounted(now)
        return result
      },
      prune: async () => {},
    }
  }

  private async lock(names: readonly LedgerName[]) {
    const held: string[] = []
    const transaction: Transaction = {
      isOver: false,
      asked: 0,
      end: () => {
        transaction.isOver = true
        for (const name of held) this.release(name)
      },
    }
    for (const { name } of [...names].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (!(await this.acquire(name))) {
        transaction.end()
        throw new Error('the statement took too long')
      }
      held.push(name)
    }
    const open = new Map(names.map(({ name, limit }) => [name, this.ledgers.get(name) ?? emptyLedger(limit)]))
    this.idle(transaction)
    return { transaction, open, now: this.simulation.now }
  }

  private async continue(transaction: Transaction, work: () => void): Promise<void> {
    if (transaction.isOver) throw new Error('the transaction was ended for being idle')
    this.idle(transaction)
    work()
  }

  private idle(transaction: Transaction): void {
    const asked = ++transaction.asked
    this.simulation.after(idleWithinMs, () => {
      if (!transaction.isOver && transaction.asked === asked) transaction.end()
    })
  }

  private acquire(name: string): Promise<boolean> {
    const queue = this.waiting.get(name)
    if (!queue) {
      this.waiting.set(name, [])
      return Promise.resolve(true)
    }
    return new Promise((resolve) => {
      const take = () => resolve(true)
      queue.push(take)
      this.simulation.after(statementWithinMs, () => {
        const place = queue.indexOf(take)
        if (place < 0) return
        queue.splice(place, 1)
        resolve(false)
      })
    })
  }

  private release(name: string): void {
    const next = this.waiting.get(name)?.shift()
    if (next) next()
    else this.waiting.delete(name)
  }
}
