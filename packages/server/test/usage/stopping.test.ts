import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import BetterSqlite3 from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Api, controlApi } from '../support/control-api.ts'
import { serviceKey } from '../support/start-server.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

interface Running {
  edge: string
  api: Api
  child: ChildProcess
}

let folder: string
let running: Running
let credential: string
let id: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keywright-usage-'))
  running = await start()
  const { api } = running
  await api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
  const created = await api('POST', '/v1/keys', { body: { organization: 'acme', name: 'test' } })
  credential = created.json.credential
  id = created.json.id
}, 60_000)
afterEach(async () => {
  await end('SIGKILL')
  rmSync(folder, { recursive: true })
})

async function start(): Promise<Running> {
  const args = ['serve', '--port', '0', '--control-port', '0', '--data', folder]
  const child = spawn(process.execPath, ['--conditions=keywright-source', main, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, KEYWRIGHT_SERVICE_KEY: serviceKey },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (log += chunk))
  for (;;) {
    const [, edge, control] = /"edge":"(\S+?)","control":"(\S+?)".*"msg":"ready"/.exec(log) ?? []
    if (edge !== undefined && control !== undefined) return { edge, api: controlApi(control), child }
    if (child.exitCode !== null) throw new Error(`The server ended: ${log}`)
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  }
}

async function end(signal: NodeJS.Signals): Promise<number | null> {
  const { child } = running
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exit = once(child, 'exit')
  child.kill(signal)
  const [code] = await exit
  return code as number | null
}

/** There is no upstream: what is let through is 404. */
async function use(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const { status } = await fetch(`${running.edge}/v1/things`, { headers: { authorization: `Bearer ${credential}` } })
    expect(status).toBe(404)
  }
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
    expect(await end('SIGTERM')).toBe(0)
    running = await start()
    expect(await counted()).toBe(25)
    const { json } = await running.api('GET', `/v1/keys/${id}`)
    expect(json.lastUsedAt).not.toBeNull()
    expect((await running.api('GET', `/v1/keys/${id}/callers`)).json.callers).toMatchObject([{ allowed: 25 }])
  })
})

describe('a server that is killed', () => {
  it('loses what it counted since it last wrote, and nothing before; keys are as they were', {
    timeout: 60_000,
  }, async () => {
    await use(10)
    expect(await counted()).toBe(10)
    await use(7)
    await end('SIGKILL')
    running = await start()
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
    await end('SIGKILL')
    running = await start()
    expect(await counted()).toBe(10)
  })

  it('brings no key back to life that was revoked or deleted while its use was being written', {
    timeout: 60_000,
  }, async () => {
    await use(5)
    await running.api('POST', `/v1/keys/${id}/revoke`)
    await end('SIGTERM')
    running = await start()
    const { json } = await running.api('GET', `/v1/keys/${id}`)
    expect(json.state).toBe('revoked')
    const refused = await fetch(`${running.edge}/v1/things`, { headers: { authorization: `Bearer ${credential}` } })
    expect(refused.status).toBe(401)
  })
})
