import { createDigester, type Pepper } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPostgres } from '../../src/stores/index.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { startNode } from '../support/start-node.ts'

let postgres: TestPostgres

beforeAll(async () => {
  postgres = await testPostgres()
})
afterAll(() => postgres.stop())

const [a, b, other] = ['a', 'b', 'x'].map((letter) => letter.repeat(40)) as [string, string, string]
const pepperA = { id: 'a', value: a }
const pepperB = { id: 'b', value: b }

describe('two nodes with other peppers that start in the same instant', { timeout: 60_000 }, () => {
  const pairs: [string, Pepper[], Pepper[], Pepper[]][] = [
    ['peppers of their own', [], [pepperA], [pepperB]],
    ['two values for one pepper', [], [pepperA], [{ id: 'a', value: other }]],
    ['one and none', [], [pepperA], []],
    ['a new one, and none but the old', [pepperA], [pepperB, pepperA], [pepperA]],
  ]
  it.each(pairs)('are not both let in: %s', async (_, before, first, second) => {
    for (let round = 0; round < 10; round++) {
      const database = await postgres.createDatabase()
      const stores = [openPostgres(database), openPostgres(database)] as const
      await stores[0].prepare()
      // Their connections are open, and both ask at once.
      await Promise.all(stores.map((store) => store.head()))
      const agree = (index: 0 | 1, peppers: Pepper[]) =>
        stores[index].peppers.agree(createDigester(peppers).peppers, { node: `node-${index}`, maxStalenessMs: 10_000 })
      if (before.length > 0) {
        await agree(0, before)
        await stores[0].nodes.leave('node-0')
      }
      const answers = await Promise.allSettled([agree(0, first), agree(1, second)])
      const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.name] : []))
      expect(refused).toEqual(['PepperError'])
      await Promise.all(stores.map((store) => store.close()))
    }
  })

  it('start both where they agree, and one of them alone otherwise', async () => {
    const start = (database: string, peppers: string) => startNode(database, { KEYWRIGHT_PEPPERS: peppers })
    const apart = await postgres.createDatabase()
    const answers = await Promise.allSettled([start(apart, `a:${a}`), start(apart, `b:${b}`)])
    const started = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [String(answer.reason)] : []))
    expect([started.length, refused]).toEqual([1, [expect.stringMatching(/under pepper '[ab]', which was not given/)]])
    const together = await postgres.createDatabase()
    const both = await Promise.all([start(together, `a:${a},b:${b}`), start(together, `a:${a}`)])
    await Promise.all([...started, ...both].map((node) => node.stop()))
  })
})
