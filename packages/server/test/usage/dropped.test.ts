import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { controlApi } from '../support/control-api.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
})
afterAll(() => server.stop())

it('what was dropped a moment ago is told to who asks for the last minutes, and not with what was allowed', async () => {
  const api = controlApi(server.control)
  const { key, credential } = await server.issue({ allowedIps: ['192.0.2.1'] })
  const headers = { authorization: `Bearer ${credential}` }
  const refused = Array.from({ length: 100 }, () => fetch(`${server.edge}/v1/things`, { headers }))
  expect((await Promise.all(refused)).every(({ status }) => status === 403)).toBe(true)

  const since = new Date(Date.now() - 300_000).toISOString()
  const asked = async (more = '') =>
    (await api('GET', `/v1/decisions?key=${key.id}&since=${since}${more}`)).json.dropped
  while ((await asked()) === 0) await sleep(100)
  expect(await asked('&outcome=allowed')).toBe(0)
})
