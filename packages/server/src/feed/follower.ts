import { type Change, type Head, type Lease, verifyChain } from '@keywright/core'
import type { Logger } from '../log/logger.ts'
import type { Nodes } from './nodes.ts'

export interface FollowerOptions {
  /** Name of this node. */
  node: string
  /** Fingerprints of its peppers, the current one first, with commas. */
  peppers: string
  nodes: Pick<Nodes, 'beat'>
  changes(after: number, limit: number): Promise<Change[]>
  /** Once it resolves, nothing these changes took away is allowed here any more. */
  apply(changes: readonly Change[]): Promise<void>
  /** Forgets all that is known here. */
  reset(): void
  /** How many nodes there are. */
  onNodes(count: number): void
  /** Renewed by each poll that succeeds. */
  lease: Lease
  log: Pick<Logger, 'info' | 'warn'>
}

/** Few enough that reading and checking them holds up no verification for long. */
const batch = 200
/** A node that is further behind starts anew: reading it all would take longer than reading each key when it is used. */
const mostBehind = 10_000

/**
 * Follows the change log, one poll at a time. A poll sends what was last known as `(number, hash)`: where the database
 * knows no such change, as one restored or promoted without its last moments does not, all that is known here is
 * forgotten. The changes read are checked to be one chain from there on, so none can be missing.
 */
export class Follower {
  private readonly options: FollowerOptions
  private position: Head | null = null
  /** The number that the database was last told. */
  private told = -1
  /** Numbers of changes that were applied before they were read here. */
  private readonly published = new Set<number>()
  /** Hashes of these, and of those that keys were read with, by number. */
  private readonly seen = new Map<number, string>()
  /** The greatest of these numbers so far. */
  private lastSeen = 0

  constructor(options: FollowerOptions) {
    this.options = options
  }

  /** Whether more was applied than the database was told of. */
  get hasNews(): boolean {
    return this.position !== null && this.position.number !== this.told
  }

  /** These are in force here already. A poll may have been quicker: what it has read is never read again. */
  publish(changes: readonly Change[]): void {
    for (const { number, hash } of changes) if (this.saw({ number, hash })) this.published.add(number)
  }

  /** A key that may be kept was read when this was the last change. Answers whether that is news here. */
  saw({ number, hash }: Head): boolean {
    if (number <= (this.position?.number ?? 0)) return false
    // Of two with one number the database has lost one, which the poll is to notice: no change hashes to nothing.
    this.seen.set(number, (this.seen.get(number) ?? hash) === hash ? hash : '')
    this.lastSeen = Math.max(this.lastSeen, number)
    return true
  }

  /** @throws where the database does not answer; then the lease runs on, and out */
  async poll(): Promise<void> {
    const { node, peppers, nodes, lease, onNodes } = this.options
    const sentAt = lease.now()
    const applied = this.position?.number ?? 0
    const { lastSeen } = this
    const pulse = await nodes.beat({ node, peppers, maxStalenessMs: lease.forMs, applied })
    if (pulse === null) return
    const { nodes: count, ...head } = pulse
    this.told = applied
    onNodes(count)
    if (this.position === null) this.startFrom(head)
    else if (head.number < lastSeen) this.startAnew(head)
    else if (head.number !== this.position.number || head.hash !== this.position.hash) await this.catchUp(head)
    lease.renew(sentAt)
  }

  private async catchUp(head: Head): Promise<void> {
    do {
      const { position } = this
      if (position === null || head.number - position.number > mostBehind) return this.startFrom(head)
      const next = await this.next(position)
      if (next === null || next.some(({ number, hash }) => (this.seen.get(number) ?? hash) !== hash)) {
        return this.startAnew(head)
      }
      await this.options.apply(next.filter(({ number }) => !this.published.has(number)))
      const { number, hash } = next.at(-1) as Change
      for (const change of next) {
        this.published.delete(change.number)
        this.seen.delete(change.number)
      }
      this.position = { number, hash }
    } while ((this.position?.number ?? 0) < head.number)
  }

  /** What follows `position`, which itself may have been deleted by now, without a gap; null where it does not. */
  private async next(position: Head): Promise<Change[] | null> {
    const read = await this.options.changes(position.number, batch)
    return read.length > 0 && verifyChain(position, read).ok ? read : null
  }

  /** What it has lost was in force here, and may be in all that is known. */
  private startAnew(head: Head): void {
    this.options.log.warn('the database does not know the last change applied here: all is read anew', {
      known: Math.max(this.position?.number ?? 0, this.lastSeen),
      head: head.number,
    })
    this.startFrom(head)
  }

  private startFrom(head: Head): void {
    this.options.reset()
    this.published.clear()
    this.seen.clear()
    this.lastSeen = 0
    this.position = head
  }
}
