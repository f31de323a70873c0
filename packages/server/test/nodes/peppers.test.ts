import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings } from '../../src/config/read-settings.ts'
import { startInstance } from '../../src/main.ts'
import { letThrough } from '../support/history.ts'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { startNode } from '../support/start-node.ts'

let postgres: TestPostgres

beforeAll(async () => {
  postgres = await testPostgres()
})
afterAll(() => postgres.stop())

const [a, b, wrong] = ['a', 'b', 'w'].map((letter) => letter.repeat(40))
const peppers = (value: string) => ({ KEYWRIGHT_PEPPERS: value })

async function makeKey(node: Awaited<ReturnType<typeof startNode>>): Promise<string> {
  const { json } = await node.api('POST', '/v1/keys', { body: { organization: 'acme', name: 'key', limits: [] } })
  return json.credential
}

describe('F15, a node with other peppers than the rest', { timeout: 120_000 }, () => {
  it('ends with a sentence that says so, and never answers 401 to a valid key', async () => {
    const database = await postgres.createDatabase()
    const first = await startNode(database, peppers(`a:${a}`))
    await first.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
    const credential = await makeKey(first)
    for (const [value, error] of [
      [`a:${wrong}`, /Pepper 'a' has another value/],
      [`b:${b}`, /under pepper 'a', which was not given/],
      [undefined, /under pepper 'a', which was not given/],
      [`b:${b},a:${a}`, /runs without pepper 'b'/],
    ] as const) {
      await expect(startNode(database, value === undefined ? {} : peppers(value))).rejects.toThrow(error)
    }
    // In two steps, one node after the other: known everywhere first, and then the current one.
    const second = await startNode(database, peppers(`a:${a},b:${b}`))
    await first.stop()
    const third = await startNode(database, peppers(`b:${b},a:${a}`))
    const newer = await makeKey(third)
    for (const node of [second, third]) {
      expect([await node.ask(credential), await node.ask(newer)]).toEqual([letThrough, letThrough])
    }
    await Promise.all([second.stop(), third.stop()])
    // Taken out for good: its keys are unknown from here on, and the log says which.
    const last = await startNode(database, peppers(`b:${b}`))
    expect(last.log()).toContain("pepper 'a' is not among KEYWRIGHT_PEPPERS")
    expect([await last.ask(credential), await last.ask(newer)]).toEqual([401, letThrough])
    await last.stop()
  })
})

describe('an embedded instance that is started with another pepper', () => {
  it('does not start, and goes on with the one it had', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keywright-peppers-'))
    const start = async (env: Record<string, string>) => {
      const settings = await readSettings({ flags: { port: '0', controlPort: '0', data: 'data' }, env, folder })
      return startInstance(settings, { folder, logTo: { write: () => {} } })
    }
    await (await start(peppers(`a:${a}`))).stop()
    await expect(start(peppers(`a:${wrong}`))).rejects.toThrow("Pepper 'a' has another value")
    await expect(start({})).rejects.toThrow("under pepper 'a', which was not given")
    await (await start(peppers(`b:${b},a:${a}`))).stop()
    rmSync(folder, { recursive: true })
  })
})
