import { Lease } from '@keywright/core'
import { expect, it } from 'vitest'
import { startFeed } from './feed.ts'

it('names the reasons for which a database is not heard once each, and not without end', async () => {
  const warned: unknown[] = []
  let asked = 0
  let hint = () => {}
  const feed = await startFeed({
    ...{ node: 'node', peppers: '', lease: new Lease(10_000) },
    nodes: {
      beat: async () => Promise.reject(new Error(`no ${Math.floor(asked++ / 2)}`)),
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
    log: { info: () => {}, warn: (message) => void warned.push(message) },
  })
  const hinting = setInterval(() => hint(), 5)
  while (asked < 60) await new Promise((resolve) => setTimeout(resolve, 10))
  clearInterval(hinting)
  await feed.stop()
  expect(warned).toEqual(Array(20).fill('the database is not heard'))
})
