import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import type { Hints } from '../feed/hints.ts'
import type { Logger } from '../log/logger.ts'

const channel = 'keywright_changes'
const answerWithinMs = 5_000
/** A connection that died without a word is noticed within this and the time of an answer. */
const pingEveryMs = 5_000

/** LISTEN and NOTIFY on a connection of their own. What gets lost is a hint and nothing more, so nothing here throws. */
export function openHints(url: string, log: Pick<Logger, 'warn'>): Hints {
  const closing = new AbortController()
  let opened: Client | null = null
  /** null: nobody listens, so nothing is sent either. */
  let notify: (() => void) | null = null
  let receive = () => {}
  /** Why there are none, as it was logged last. */
  let trouble = ''

  async function listen(): Promise<void> {
    const client = new Client({
      connectionString: url,
      application_name: 'keywright hints',
      connectionTimeoutMillis: answerWithinMs,
      query_timeout: answerWithinMs,
      keepAlive: true,
    })
    opened = client
    try {
      client.on('error', () => {})
      client.on('notification', () => receive())
      await client.connect()
      await client.query(`listen ${channel}`)
      const ask = oneAtATime()
      let isWaiting = false
      notify = () => {
        // One that has not been sent yet tells of this change too.
        if (isWaiting) return
        isWaiting = true
        const send = () => {
          isWaiting = false
          return client.query(`notify ${channel}`)
        }
        ask(send).catch(() => {})
      }
      trouble = ''
      // What happened before is not told again.
      receive()
      while (!closing.signal.aborted) {
        await setTimeout(pingEveryMs, undefined, { signal: closing.signal })
        await ask(() => client.query('select 1'))
      }
    } finally {
      notify = null
      // One that is dead would not answer a farewell.
      client.connection.stream.destroy()
    }
  }

  async function run(): Promise<void> {
    for (let waitMs = 100; !closing.signal.aborted; waitMs = Math.min(waitMs * 2, 30_000)) {
      const startedAt = performance.now()
      const error = await listen().catch((reason: unknown) => reason)
      if (closing.signal.aborted) return
      if (performance.now() - startedAt > pingEveryMs) waitMs = 100
      if (String(error) !== trouble) {
        log.warn('no hints of changes from the database, which is polled all the same', { error })
      }
      trouble = String(error)
      await setTimeout(waitMs, undefined, { signal: closing.signal }).catch(() => {})
    }
  }

  let running: Promise<void> | null = null
  return {
    listen(onHint) {
      receive = onHint
      running ??= run()
    },
    send: () => notify?.(),
    async close() {
      closing.abort()
      // It may be waiting for an answer.
      opened?.connection.stream.destroy()
      await running
    },
  }
}

/** Each begins once those before it have ended: a client takes no query while it has another. */
function oneAtATime(): (query: () => Promise<unknown>) => Promise<unknown> {
  let last: Promise<unknown> = Promise.resolve()
  return (query) => {
    last = last.catch(() => {}).then(query)
    return last
  }
}
