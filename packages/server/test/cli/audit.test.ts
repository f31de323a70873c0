import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createOrganization, pruneAudit, verifyChain } from '@keywright/core'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readSettings } from '../../src/config/read-settings.ts'
import { type Instance, startInstance } from '../../src/main.ts'
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
        details: { name: 'plain; =1+1; ;@SUM(1)' },
      })
    })
    const { stdout } = await keywright(['audit', 'export', '--format', 'csv'], { env })
    const lines = stdout.split('\r\n')
    expect(lines[0]).toBe(
      'number,at,action,target,organization,actor_type,actor,triggered_by,address,request_id,details,hash',
    )
    expect(lines.at(-2)).toContain(`,'@sum,acme,system,"'=HYPERLINK(""http://evil.example"")",api,`)
    // Where the comma stands in numbers, cells end with a semicolon.
    expect(lines.at(-2)).toContain(";' =1+1;")
    expect(lines.at(-1)).toBe('')
  })

  it('takes --json for the lines it writes anyway, and for no table', async () => {
    const plain = await keywright(['audit', 'export'], { env })
    expect(await keywright(['audit', 'export', '--json'], { env })).toEqual(plain)
    expect((await keywright(['audit', 'export', '--json', '--format', 'csv'], { env })).code).toBe(2)
  })

  it('is narrowed like the list', async () => {
    const { stdout } = await keywright(['audit', 'export', '--organization', 'formula'], { env })
    expect(stdout.trim().split('\n')).toHaveLength(1)
  })
})

describe('keywright audit verify', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keywright-tampered-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  async function start(): Promise<Instance> {
    const flags = { port: '0', controlPort: '0', data: 'data' }
    const settings = await readSettings({ flags, env: { KEYWRIGHT_SERVICE_KEY: serviceKey }, folder })
    return startInstance(settings, { folder, logTo: { write: () => {} } })
  }

  /** Three changes or more, the first of them deleted as retention does. */
  async function logged({ pruned = 0 } = {}): Promise<void> {
    const { lifecycle, stop } = await start()
    for (const id of ['one', 'two', 'three']) await createOrganization(lifecycle, tester, { id, name: id })
    if (pruned > 0) await pruneAudit(lifecycle, tester, { before: new Date(Date.now() + 1000), limit: pruned })
    await stop()
  }

  async function verifyAfter(tampering: string) {
    const database = new BetterSqlite3(join(folder, 'data', 'keywright.db'))
    database.exec(tampering)
    database.close()
    const instance = await start()
    const ran = await keywright(['audit', 'verify'], { env: { ...env, KEYWRIGHT_URL: instance.control } })
    await instance.stop()
    return ran
  }

  it('names the change that someone altered in the database', async () => {
    await logged()
    const { code, stdout, stderr } = await verifyAfter(
      `update kw_changes set entry = replace(entry, '"two"', '"2"') where number = 2`,
    )
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain('The log is broken at change 2')
  })

  it('begins where older events were deleted when they were due', async () => {
    await logged({ pruned: 2 })
    const { code, stdout } = await verifyAfter('')
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(
        /^2 changes, each chained to the one before\. Those up to 2 were deleted when they were due\./,
      ),
    ])
  })

  it.each([
    ['deleted more than the log says', 'delete from kw_changes where number <= 3', 'broken at change 3'],
    [
      'moved the beginning behind it',
      `update kw_checkpoint set number = 3, hash = (select hash from kw_changes where number = 3);
       delete from kw_changes where number <= 3`,
      'begins behind change 3, and no event says',
    ],
  ])('finds that someone has %s', async (_, tampering, found) => {
    await logged({ pruned: 2 })
    const { code, stderr } = await verifyAfter(tampering)
    expect([code, stderr]).toEqual([1, expect.stringContaining(found)])
  })

  it.each([
    ['deleted the end of it', 'delete from kw_changes where number > 2', 3],
    ['deleted all of it', 'delete from kw_changes', 1],
    ['written its end anew', `update kw_head set hash = '${'0'.repeat(64)}'`, 3],
  ])('finds that someone has %s', async (_, tampering, number) => {
    await logged()
    const { code, stderr } = await verifyAfter(tampering)
    expect([code, stderr]).toEqual([1, expect.stringContaining(`The log is broken at change ${number}:`)])
  })

  it('raises no alarm about what it is not shown', async () => {
    const create = ['service-keys', 'create', '--name', 'acme', '--permission', 'manage', '--organization', 'acme']
    const bound = (await keywright([...create, '--quiet'], { env })).stdout.trim()
    const ran = await keywright(['audit', 'verify'], { env: { ...env, KEYWRIGHT_SERVICE_KEY: bound } })
    expect([ran.code, ran.stdout]).toEqual([2, ''])
    expect(ran.stderr).toContain('Only an operator, or a service key that is bound to no organization, can check it.')
  })

  it('answers the last change, also as JSON', async () => {
    const { code, stdout } = await keywright(['audit', 'verify', '--json'], { env })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ ok: true, head: await server.lifecycle.store.head() })
  })
})
