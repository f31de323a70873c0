import { setTimeout as sleep } from 'node:timers/promises'
import type { Head } from '@keywright/core'

/** The last change there is, once it is another than `known` or the time is up; at least as late as the call. */
export type AwaitHead = (known: Head, waitMs: number) => Promise<Head>

const lookEveryMs = 100

/** However many wait, the database is asked for all of them together. */
export function watchHead(head: () => Promise<Head>): AwaitHead {
  let asked: Promise<Head> | null = null

  function askTogether(): Promise<Head> {
    asked ??= sleep(lookEveryMs).then(() => {
      asked = null
      return head()
    })
    return asked
  }

  return async (known, waitMs) => {
    const until = performance.now() + waitMs
    let latest = await head()
    while (latest.number === known.number && latest.hash === known.hash && performance.now() < until) {
      latest = await askTogether()
    }
    return latest
  }
}
