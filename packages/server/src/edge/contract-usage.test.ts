import { rotate } from '@keywright/core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { tester } from '../../test/support/start-server.ts'
import { type Node, type Recorded, startRecorded } from '../../test/usage/recorded.ts'
import { contractUsage } from './contract-usage.ts'

let recorded: Recorded
let node: Node
beforeEach(async () => {
  recorded = await startRecorded()
  node = recorded.node()
})
afterEach(() => recorded.close())

async function use({ credential }: { credential: string }, at: Date, path = '/v1/items/7') {
  recorded.clock.nowMs = at.getTime()
  const attempt = { headers: ['authorization', `Bearer ${credential}`], method: 'GET', path }
  expect(await node.verifier.verify(attempt)).toMatchObject({ allowed: true })
}

it('what was used of more routes than are read at once is told of each, from the first day of a month to its last', async () => {
  const key = await recorded.issue()
  const days = ['2026-10-31T23:00Z', '2026-11-01T00:00Z', '2026-11-30T23:00Z', '2026-12-01T00:00Z']
  for (const day of days) await use(key, new Date(day))
  const letter = (index: number) => String.fromCharCode(97 + (index % 26))
  // In one hour there are no more than a hundred.
  for (let count = 0; count < 598; count++) {
    const name = letter(count / 26) + letter(count)
    await use(key, new Date(Date.UTC(2026, 10, 20, Math.floor(count / 90))), `/${name}/1`)
  }
  const { used, byRoute } = await contractUsage(node.usage).ofMonth('acme', new Date('2026-11-20'))
  expect(used).toBe(600)
  expect(byRoute['/v1/items/{item}/**']).toBe(2)
  expect(Object.keys(byRoute)).toHaveLength(599)
})

it('keys are told when any secret of theirs was used last, however many are asked for', async () => {
  const key = await recorded.issue()
  const second = await rotate(recorded.lifecycle, tester, key.key.id, { graceSeconds: 3600 })
  const [first, last] = [new Date('2026-11-20T08:40Z'), new Date('2026-11-20T08:50Z')]
  await use(second, first)
  await use(key, last)
  const others = Array.from({ length: 500 }, (_, index) => `key_${index}`)
  expect(await contractUsage(node.usage).lastUsed([...others, key.key.id])).toEqual(new Map([[key.key.id, last]]))
})
