import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createOrganization, verifyChain } from '@keywright/core'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings } from '../../src/config/read-settings.ts'
import { startInstance } from '../../src/main.ts'
import { keywright } from '../support/command-line.ts'
import { serviceKey, startServer, type TestServer, tester } from '../support/start-server.ts'

let server: TestServer
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  env = { KEYWRIGHT_URL: server.control, KEYWRIGHT_SERVICE_KEY: serviceKey }
  await createOrganization(server.lifecycle, tester, { id: 'formula', name: '=cmd|"/c calc"!A0' })
  await server.issue({ name: 'a "quoted", name' })
})
afterAll(() => server.stop())

describe('keywright audit export', () => {
  it('writes every change as one JSON object a line, whose chain can be checked elsewhere', async () => {
    const { stdout } = await keywright(['audit', 'export'], { env })
    const changes = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .map((event) => ({ ...event, at: new Date(event.at) }))
    expect(verifyChain({ number: 0, hash: '0'.repeat(64) }, changes)).toEqual({
      ok: true,
      head: await server.lifecycle.store.head(),
    })
  })

  it('writes a table in which no cell is a formula', async () => {
    await server.lifecycle.store.transact(async (transaction) => {
      const actor = { ...tester, id: '=HYPERLINK("http://evil.example")' }
      transaction.record({
        action: 'key.updated',
        organization: 'acme',
        target: '@sum',
        actor,
        at: new Date(),
        details: {},
      })
    })
    const { stdout } = await keywright(['audit', 'export', '--format', 'csv'], { env })
    const lines = stdout.split('\r\n')
    expect(lines[0]).toBe(
      'number,at,action,target,organization,actor_type,actor,triggered_by,address,request_id,details,hash',
    )
    expect(lines.at(-2)).toContain(`,'@sum,acme,system,"'=HYPERLINK(""http://evil.example"")",api,`)
    expect(lines.at(-1)).toBe('')
  })

  it('is narrowed like the list', async () => {
    const { stdout } = await keywright(['audit', 'export', '--organization', 'formula'], { env })
    expect(stdout.trim().split('\n')).toHaveLength(1)
  })
})

describe('keywright audit verify', () => {
  it('names the change that someone altered in the database', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keywright-tampered-'))
    const flags = { port: '0', controlPort: '0', data: 'data' }
    const settings = await readSettings({ flags, env: { KEYWRIGHT_SERVICE_KEY: serviceKey }, folder })
    const start = () => startInstance(settings, { folder, logTo: { write: () => {} } })
    const first = await start()
    for (const id of ['one', 'two', 'three']) await createOrganization(first.lifecycle, tester, { id, name: id })
    await first.stop()

    const database = new BetterSqlite3(join(folder, 'data', 'keywright.db'))
    database.exec(`update kw_changes set entry = replace(entry, '"two"', '"2"') where number = 2`)
    database.close()

    const second = await start()
    const { code, stdout, stderr } = await keywright(['audit', 'verify'], {
      env: { ...env, KEYWRIGHT_URL: second.control },
    })
    await second.stop()
    rmSync(folder, { recursive: true })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain('The log is broken at change 2')
  })

  it('answers the last change, also as JSON', async () => {
    const { code, stdout } = await keywright(['audit', 'verify', '--json'], { env })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ ok: true, head: await server.lifecycle.store.head() })
  })
})
