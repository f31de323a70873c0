import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { letThrough } from '../support/history.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { startNode, type TestNode, verdictOf } from '../support/start-node.ts'

let postgres: TestPostgres

beforeAll(async () => {
  postgres = await testPostgres()
})
afterAll(() => postgres.stop())

const [a, b] = ['a', 'b'].map((letter) => letter.repeat(40))

it('a node that was stopped while the others took another pepper lets nothing through, and calls no key unknown', {
  timeout: 90_000,
}, async () => {
  const database = await postgres.createDatabase()
  const start = (peppers: string) =>
    startNode(database, { KEYWRIGHT_PEPPERS: peppers, KEYWRIGHT_MAX_STALENESS_SECONDS: '2' })
  const make = async (node: TestNode): Promise<string> =>
    (await node.api('POST', '/v1/keys', { body: { organization: 'acme', name: 'key', limits: [] } })).json.credential
  const left = await start(`a:${a}`)
  await left.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
  const older = await make(left)
  expect(await verdictOf(left, older)).toBe(letThrough)
  left.child.kill('SIGSTOP')
  let newest: TestNode | null = null
  while (newest === null) {
    newest = await start(`b:${b},a:${a}`).catch((error: Error) => {
      expect(error.message).toContain("runs without pepper 'b'")
      return null
    })
  }
  const newer = await make(newest)
  left.child.kill('SIGCONT')
  while (!left.log().includes('makes keys under a pepper that was not given here')) {
    expect([await left.ask(newer), await left.ask(older)]).toEqual([503, 503])
    await sleep(50)
  }
  expect([await left.ask(newer), await left.ask(older)]).toEqual([503, 503])
  expect([await verdictOf(newest, newer), await verdictOf(newest, older)]).toEqual([letThrough, letThrough])
  await newest.stop()
  await left.stop()
})
