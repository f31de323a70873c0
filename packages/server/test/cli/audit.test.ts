import { createOrganization, verifyChain } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
  it('answers the last change, also as JSON', async () => {
    const { code, stdout } = await keywright(['audit', 'verify', '--json'], { env })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ ok: true, head: await server.lifecycle.store.head() })
  })
})
