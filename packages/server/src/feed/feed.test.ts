import { Lease } from '@keywright/core'
import { expect, it } from 'vitest'
import { startFeed } from './feed.ts'
import type { Pulse } from './nodes.ts'

/** Every message logged by a feed that is told all the time of something new, until it has asked so often. */
async function logged(times: number, beat: (asked: number) => Promise<Pulse>): Promise<string[]> {
  const messages: string[] = []
  let asked = 0
  let hint = () => {}
  const feed = await startFeed({
    ...{ node: 'node', peppers: '', lease: new Lease(10_000) },
    nodes: {
      beat: () => beat(asked++),
      leave: async () => {},
      appliedBy: async () => ({ appliedBy: [], pending: [] }),
      prune: async () => {},
    },
    hints: {
      listen: (heard) => {
        hint = heard
      },
      send: () => {},
      close: async () => {},
    },
    prepare: async () => {},
    changes: async () => [],
    apply: async () => {},
    ...{ reset: () => {}, onNodes: () => {} },
    log: { info: (message) => void messages.push(message), warn: (message) => void messages.push(message) },
  })
  const hinting = setInterval(() => hint(), 5)
  while (asked < times) await new Promise((resolve) => setTimeout(resolve, 10))
  clearInterval(hinting)
  await feed.stop()
  return messages
}

it('names the reasons for which a database is not heard once each, and not without end', async () => {
  const messages = await logged(60, async (asked) => Promise.reject(new Error(`no ${Math.floor(asked / 2)}`)))
  expect(messages).toEqual(Array(20).fill('the database is not heard'))
})

it('says once that a database is heard again, and the next time why it is not', async () => {
  const messages = await logged(12, async (asked) => {
    if ([0, 1, 6, 7].includes(asked)) throw new Error('no')
    return { number: 1, hash: 'h', nodes: 1 }
  })
  const outage = ['the database is not heard', 'the database is heard again']
  expect(messages).toEqual([...outage, ...outage])
})
