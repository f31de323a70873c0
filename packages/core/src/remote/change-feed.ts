import { setTimeout as sleep } from 'node:timers/promises'
import type { Head } from '../audit/chain.ts'
import type { Action, ChangeNotice } from '../audit/event.ts'
import type { ChangeFollower, Freshness } from '../store/store.ts'
import { Lease, StaleError } from '../verify/lease.ts'
import type { Call } from './call.ts'
import { RemoteError } from './remote-error.ts'

export interface ChangeFeedOptions {
  call: Call
  /** Name of this process among the server's followers. */
  name: string
  maxStalenessSeconds: number
  /** For an answer that makes no sense. */
  malformed: () => RemoteError
  signal: AbortSignal
}

const longestWaitSeconds = 5
const answerMs = 5_000
const leastAnswerMs = 500
const longestPauseMs = 10_000
/** However soon it answers, a server is not asked more often. */
const spacingMs = 25
/** Of how many changes back an answer may be before it counts as too old. */
const mostHeard = 4096

/**
 * Follows the server's change log. A poll sends the last change known as `(number, hash)` and waits for the next;
 * where the server knows no such change, or has lost one that a key was read with, all that is known here is forgotten.
 */
export class ChangeFeed implements Freshness {
  private readonly options: ChangeFeedOptions
  private readonly lease: Lease
  private readonly followers: ChangeFollower[] = []
  private position: Head | null = null
  /** Hashes of the changes that keys were read with and that are still to be heard of, by number. */
  private readonly seen = new Map<number, string>()
  /** The greatest of these numbers so far. */
  private lastSeen = 0
  /** Hashes of the changes heard of lately, by number. */
  private readonly heard = new Map<number, string>()
  /** Until the first poll is over. */
  private starting: Promise<void> | null = null
  /** Why the last poll failed; null where it did not. */
  private trouble: Error | null = null

  constructor(options: ChangeFeedOptions) {
    this.options = options
    this.lease = new Lease(options.maxStalenessSeconds * 1000)
  }

  follow(follower: ChangeFollower): Freshness {
    this.followers.push(follower)
    if (this.followers.length === 1) this.start()
    return this
  }

  /**
   * A key that may be kept was read when this was the last change. False where it must not be: that is no change of what
   * was heard here, as on a node that still reaches a primary that was replaced, and nothing heard later would correct it.
   */
  saw({ number, hash }: Head): boolean {
    if (number <= (this.position?.number ?? 0)) return this.heard.get(number) === hash
    // Of two with one number the server has lost one, which the poll is to notice: no change hashes to nothing.
    this.seen.set(number, (this.seen.get(number) ?? hash) === hash ? hash : '')
    this.lastSeen = Math.max(this.lastSeen, number)
    return true
  }

  check(): void | Promise<void> {
    if (this.options.signal.aborted) throw new StaleError()
    if (this.lease.holds) return
    if (this.starting === null) throw new StaleError(this.trouble)
    return this.starting.then(() => {
      if (!this.lease.holds) throw new StaleError(this.trouble)
    })
  }

  private start(): void {
    const first = this.attempt(0)
    this.starting = first.then(() => {
      this.starting = null
    })
    void first.then((failures) => this.run(failures))
  }

  private async run(first: number): Promise<void> {
    let failures = first
    while (!this.options.signal.aborted) {
      failures = await this.attempt(failures)
      await this.pause(spacingMs)
    }
  }

  /** How often it has failed in a row. */
  private async attempt(failures: number): Promise<number> {
    try {
      await this.poll()
      this.trouble = null
      return 0
    } catch (error) {
      this.trouble = error instanceof Error ? error : new Error(String(error))
      // The first is not waited for: whoever asks meanwhile is told of the outage.
      if (failures > 0) await this.pause(pauseMs(failures, error instanceof RemoteError ? error.retryAfterMs : 0))
      return failures + 1
    }
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { ref: false, signal: this.options.signal }).catch(() => {})
  }

  /** A connection can die without a word: a poll that waits is given up while another can still be answered in time. */
  private timeoutMs(waitMs: number): number {
    const leftMs = this.lease.leftMs - waitMs
    if (waitMs === 0 || leftMs <= 0) return waitMs + answerMs
    return waitMs + Math.min(answerMs, Math.max(leastAnswerMs, Math.floor(leftMs / 2)))
  }

  private async poll(): Promise<void> {
    const { call, name, maxStalenessSeconds, malformed, signal } = this.options
    const known = this.position
    // What is heard at the end of a poll is as old as its beginning: three fit into the time that is allowed.
    // One that follows a failure does not wait: what was known before it is to be confirmed while it may be used.
    const isPressing = known === null || this.trouble !== null
    const wait = isPressing ? 0 : Math.min(longestWaitSeconds, Math.floor(maxStalenessSeconds / 3))
    const query = new URLSearchParams({ follower: name, maxStaleness: String(maxStalenessSeconds), wait: String(wait) })
    if (known !== null) {
      query.set('after', String(known.number))
      query.set('hash', known.hash)
    }
    const sentAt = performance.now()
    const { lastSeen } = this
    const answer = await call({
      method: 'GET',
      path: `/v1/changes?${query}`,
      timeoutMs: this.timeoutMs(wait * 1000),
      signal,
    })
    const news = readNews(answer, known)
    if (news === null) throw malformed()
    const { reset, changes, number, hash, more } = news
    if (!reset) await Promise.all(this.followers.map((follower) => follower.apply(changes)))
    // Of a server that has lost changes, what was applied here may be known all the same, and a key read with a later one:
    // it has fewer by now, or others of these numbers. Looked at last, since applying changes reads keys too.
    const isOther = (change: Head) => (this.seen.get(change.number) ?? change.hash) !== change.hash
    if (reset || (!more && number < lastSeen) || changes.some(isOther)) this.reset()
    for (const change of [...changes, { number, hash }]) {
      this.seen.delete(change.number)
      this.heard.set(change.number, change.hash)
      this.heard.delete(change.number - mostHeard)
    }
    this.position = { number, hash }
    if (!more) this.lease.renew(sentAt)
  }

  private reset(): void {
    this.seen.clear()
    this.heard.clear()
    this.lastSeen = 0
    for (const follower of this.followers) follower.reset()
  }
}

function pauseMs(failures: number, retryAfterMs: number): number {
  const ms = Math.min(1_000, 100 * 2 ** failures) * (0.5 + Math.random() / 2)
  return Math.min(longestPauseMs, Math.max(ms, retryAfterMs))
}

interface News extends Head {
  reset: boolean
  changes: (ChangeNotice & Head)[]
  more: boolean
}

/** Null for what is none, or lacks a change: after the last one known here they come without a gap, up to the one it ends with. */
function readNews(answer: Readonly<Record<string, unknown>>, known: Head | null): News | null {
  const { reset, changes, number, hash, more } = answer
  if (typeof reset !== 'boolean' || typeof more !== 'boolean' || !Array.isArray(changes)) return null
  if (!Number.isSafeInteger(number) || typeof hash !== 'string') return null
  const read: News['changes'] = []
  let last = known
  for (const change of changes) {
    const { number, hash, action, target } = change ?? {}
    if (number !== (last?.number ?? 0) + 1 || typeof hash !== 'string') return null
    if (typeof action !== 'string' || typeof target !== 'string') return null
    last = { number, hash }
    read.push({ ...last, action: action as Action, target })
  }
  if (!reset && (number !== last?.number || hash !== last?.hash)) return null
  return { reset, changes: read, number: number as number, hash, more }
}
