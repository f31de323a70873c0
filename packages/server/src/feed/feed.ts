import { setTimeout as sleep } from 'node:timers/promises'
import type { Change, Head } from '@keywright/core'
import { PepperError } from '../peppers/agreement.ts'
import { Follower, type FollowerOptions } from './follower.ts'
import type { Hints } from './hints.ts'
import type { Nodes } from './nodes.ts'

export interface FeedOptions extends FollowerOptions {
  nodes: Nodes
  hints: Hints
  /** What is to be seen to before this node is one of the others, and again where its lease has run out meanwhile. */
  prepare(): Promise<void>
}

/** Keeps this node in step with the others. */
export interface Feed {
  /** After changes of this node have come into force here: the others are told. */
  published(changes: readonly Change[]): void
  /** A key that may be kept was read when this was the last change. */
  saw(last: Head): void
  /** Resolves when nobody waits for this node any more. */
  stop(): Promise<void>
}

const pollEveryMs = 1_000
/** However many changes there are, the database is not asked more often. */
const spacingMs = 25
const stopWithinMs = 1_000
const pruneEveryMs = 10 * 60_000
/** An outage whose every error reads differently fills neither the log nor memory. */
const mostTroubles = 20

/** Resolves after the first attempt, whether the database was there or not: until it is, the lease does not hold. */
export async function startFeed(options: FeedOptions): Promise<Feed> {
  const { node, nodes, hints, prepare, lease, log } = options
  const follower = new Follower(options)
  const stopping = new AbortController()
  let wake = new AbortController()
  /** Why it is not heard, each as it was logged. */
  const troubles = new Set<string>()
  let prunedAt = performance.now()

  async function attempt(): Promise<void> {
    try {
      if (!lease.holds) await prepare()
      await follower.poll()
      if (troubles.size > 0) log.info('the database is heard again')
      troubles.clear()
    } catch (error) {
      const trouble = error instanceof Error ? error.message : String(error)
      if (troubles.has(trouble) || troubles.size >= mostTroubles) return
      troubles.add(trouble)
      log.warn(error instanceof PepperError ? trouble : 'the database is not heard', { error })
    }
  }

  async function prune(): Promise<void> {
    if (troubles.size > 0 || performance.now() - prunedAt < pruneEveryMs) return
    prunedAt = performance.now()
    await nodes.prune().catch(() => {})
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pause(spacingMs, stopping.signal)
      // A node that has news tells it soon: somebody may be waiting for it.
      if (troubles.size > 0 || !follower.hasNews) await pause(untilNextPoll(), wake.signal)
      wake = new AbortController()
      if (stopping.signal.aborted) return
      await attempt()
      await prune()
    }
  }

  const hint = () => wake.abort()
  await attempt()
  hints.listen(hint)
  const running = run()

  return {
    published(changes) {
      if (changes.length === 0) return
      follower.publish(changes)
      hints.send()
      hint()
    },
    saw: (last) => void follower.saw(last),
    async stop() {
      stopping.abort()
      hint()
      await atMost(stopWithinMs, running)
      await hints.close()
      await atMost(stopWithinMs, nodes.leave(node))
    },
  }
}

/** A database that does not answer keeps nobody from stopping. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  await Promise.race([work.catch(() => {}), sleep(ms, undefined, { ref: false })])
}

/** Nodes that were started together do not ask together. */
function untilNextPoll(): number {
  return pollEveryMs * (0.9 + 0.2 * Math.random()) - spacingMs
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
