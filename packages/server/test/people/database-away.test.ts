import { expect, it } from 'vitest'
import { controlApi } from '../support/control-api.ts'
import { becomeOperator } from '../support/people.ts'
import { startPostgres } from '../support/postgres.ts'
import { startServer } from '../support/start-server.ts'

it('a session that cannot be looked for is 503 with a time to come back, and nobody is signed out', async () => {
  const postgres = await startPostgres()
  const env = { KEYWRIGHT_SECRET: 'a-secret-of-the-tests-with-many-characters' }
  const server = await startServer({ contract: 'keywright', database: await postgres.createDatabase(), env })
  const { browser } = await becomeOperator(server)
  const cookie = browser.cookie()
  await postgres.kill()
  const { status, headers, json } = await browser.call('GET', '/v1/whoami')
  expect([status, json.code, headers.get('retry-after')]).toEqual([503, 'unavailable', '1'])
  expect(browser.cookie()).toBe(cookie)
  await server.stop()
  await postgres.stop()
}, 60_000)

it('so is a service key, wherever it is sent', async () => {
  const postgres = await startPostgres()
  const server = await startServer({ contract: 'keywright', database: await postgres.createDatabase() })
  const api = controlApi(server.control)
  const body = { name: 'CI', permissions: ['manage', 'verify', 'metrics'] }
  const { credential } = (await api('POST', '/v1/service-keys', { body })).json
  await postgres.kill()
  for (const ask of [
    () => api('GET', '/v1/keys', { credential }),
    () => api('POST', '/v1/verify', { credential, body: { credential: 'of a caller' } }),
    () => api('GET', '/metrics', { credential }),
  ]) {
    const { status, headers, json } = await ask()
    expect([status, json.code, headers.get('retry-after')]).toEqual([503, 'unavailable', '1'])
  }
  await server.stop()
  await postgres.stop()
}, 60_000)
