import { setTimeout as sleep } from 'node:timers/promises'
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

/**
 * Follows the server's change log. A poll sends the last change known as `(number, hash)` and waits for the next;
 * where the server knows no such change, or may have lost one that a key was read with, all that is known here is forgotten.
 */
export class ChangeFeed implements Freshness {
  private readonly options: ChangeFeedOptions
  private readonly lease: Lease
  private readonly followers: ChangeFollower[] = []
  private position: { number: number; hash: string } | null = null
  /** The last change that a key was read with. */
  private lastSeen = 0
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

  /** A key that may be kept was read when this was the number of the last change. */
  saw(number: number): void {
    this.lastSeen = Math.max(this.lastSeen, number)
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
    const news = readNews(answer)
    if (news === null) throw malformed()
    // Of a server that has lost changes, what was applied here may be known all the same, and a key read with a later one:
    // it has fewer by now, or, where it could not be asked for a while, may have others of these numbers.
    const hasLost = (isPressing && (known?.number ?? 0) < lastSeen) || (!news.more && news.number < lastSeen)
    if (news.reset || hasLost) this.reset()
    else await Promise.all(this.followers.map((follower) => follower.apply(news.changes)))
    this.position = { number: news.number, hash: news.hash }
    if (!news.more) this.lease.renew(sentAt)
  }

  private reset(): void {
    this.lastSeen = 0
    for (const follower of this.followers) follower.reset()
  }
}

function pauseMs(failures: number, retryAfterMs: number): number {
  const ms = Math.min(1_000, 100 * 2 ** failures) * (0.5 + Math.random() / 2)
  return Math.min(longestPauseMs, Math.max(ms, retryAfterMs))
}

interface News {
  reset: boolean
  changes: ChangeNotice[]
  number: number
  hash: string
  more: boolean
}

function readNews({ reset, changes, number, hash, more }: Readonly<Record<string, unknown>>): News | null {
  if (typeof reset !== 'boolean' || typeof more !== 'boolean' || !Array.isArray(changes)) return null
  if (!Number.isSafeInteger(number) || typeof hash !== 'string') return null
  const read: ChangeNotice[] = []
  for (const change of changes) {
    const { number, action, target } = change ?? {}
    if (!Number.isSafeInteger(number) || typeof action !== 'string' || typeof target !== 'string') return null
    read.push({ number, action: action as Action, target })
  }
  return { reset, changes: read, number: number as number, hash, more }
}
