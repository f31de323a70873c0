import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import BetterSqlite3 from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startOn, type TestNode } from '../support/start-node.ts'

let folder: string
let running: TestNode
let credential: string
let id: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keywright-usage-'))
  running = await startOn(folder)
  const { api } = running
  await api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
  const created = await api('POST', '/v1/keys', { body: { organization: 'acme', name: 'test' } })
  credential = created.json.credential
  id = created.json.id
}, 60_000)
afterEach(async () => {
  await running.end('SIGKILL')
  rmSync(folder, { recursive: true })
})

/** There is no upstream: what is let through is 404. */
async function use(times: number): Promise<void> {
  for (let i = 0; i < times; i++) expect(await running.ask(credential)).toBe(404)
}

async function counted(): Promise<number> {
  const { json } = await running.api('GET', `/v1/usage?key=${id}&outcome=allowed`)
  return json.usage.reduce((sum: number, { count }: { count: number }) => sum + count, 0)
}

/** What the file holds of it. */
function written(): number {
  const file = new BetterSqlite3(join(folder, 'keywright.db'), { readonly: true })
  try {
    const { sum } = file.prepare('select coalesce(sum(count), 0) as sum from kw_usage').get() as { sum: number }
    return sum
  } finally {
    file.close()
  }
}

describe('a server that is told to stop', () => {
  it('loses no counted use, however little time has passed since', { timeout: 60_000 }, async () => {
    await use(25)
    expect(await running.end('SIGTERM')).toBe(0)
    running = await startOn(folder)
    expect(await counted()).toBe(25)
    const { json } = await running.api('GET', `/v1/keys/${id}`)
    expect(json.lastUsedAt).not.toBeNull()
    expect((await running.api('GET', `/v1/keys/${id}/callers`)).json.callers).toMatchObject([{ allowed: 25 }])
  })
})

describe('a server with an error that nobody caught', () => {
  it.each([
    ['thrown', 'throw error'],
    ['of a promise', 'Promise.reject(error)'],
  ])(
    'loses no counted use, tells of it without a credential and ends with 1: %s',
    { timeout: 60_000 },
    async (_, how) => {
      await running.end('SIGTERM')
      const contract = join(folder, 'contract.mjs')
      const act = `const error = new Error('broken by ${credential}'); ${how}`
      writeFileSync(
        contract,
        `process.on('SIGUSR2', () => { ${act} })
      export default {
        name: 'keywright',
        credential: { sources: [{ header: 'Authorization', scheme: 'Bearer' }] },
        key: { forms: [{ prefix: 'kw_live_' }] },
      }`,
      )
      running = await startOn(folder, { KEYWRIGHT_CONTRACT: contract })
      await use(25)
      expect(await running.end('SIGUSR2')).toBe(1)
      const told = running.log().match(/^.*"msg":"an error that nobody caught ends the process".*$/gm)
      expect(told).toEqual([expect.stringMatching(/"level":"error".*"message":"broken by kw_live_/)])
      expect(running.log()).not.toContain(credential)
      running = await startOn(folder)
      expect(await counted()).toBe(25)
    },
  )
})

describe('a server that is killed', () => {
  it('loses what it counted since it last wrote, and nothing before; keys are as they were', {
    timeout: 60_000,
  }, async () => {
    await use(10)
    expect(await counted()).toBe(10)
    await use(7)
    await running.end('SIGKILL')
    running = await startOn(folder)
    const left = await counted()
    expect(left).toBeGreaterThanOrEqual(10)
    expect(left).toBeLessThanOrEqual(17)
    await use(1)
    expect(await counted()).toBe(left + 1)
  })

  it('has written by itself what it counted more than five seconds before', { timeout: 60_000 }, async () => {
    await use(10)
    const usedAt = performance.now()
    while (written() < 10) await sleep(100)
    expect(performance.now() - usedAt).toBeLessThan(15_000)
    await running.end('SIGKILL')
    running = await startOn(folder)
    expect(await counted()).toBe(10)
  })

  it('brings no key back to life that was revoked or deleted while its use was being written', {
    timeout: 60_000,
  }, async () => {
    await use(5)
    await running.api('POST', `/v1/keys/${id}/revoke`)
    await running.end('SIGTERM')
    running = await startOn(folder)
    const { json } = await running.api('GET', `/v1/keys/${id}`)
    expect(json.state).toBe('revoked')
    expect(await running.ask(credential)).toBe(401)
  })
})
