import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type Api, controlApi } from '../support/control-api.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

let server: TestServer
let api: Api
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2027, 0, 1, 12) })
  server = await startServer({ contract: 'keywright' })
  api = controlApi(server.control)
})
afterAll(async () => {
  await server.stop()
  vi.useRealTimers()
})

const later = (ms: number) => vi.setSystemTime(Date.now() + ms)
const dayMs = 86_400_000

async function use(credential: string, userAgent = 'curl'): Promise<void> {
  const headers = { authorization: `Bearer ${credential}`, 'user-agent': userAgent }
  await (await fetch(`${server.edge}/v1/things`, { headers })).text()
}

/** One a page. */
async function rest<Row>(path: string, list: string, cursor: string | null): Promise<Row[]> {
  const rows: Row[] = []
  for (let next = cursor; next !== null; ) {
    const { json } = await api('GET', `${path}&limit=1&cursor=${next}`)
    rows.push(...json[list])
    next = json.nextCursor
  }
  return rows
}

it('pages of counts are all of the time that the first one was of', async () => {
  const { credential, key } = await server.issue()
  const begin = Date.now()
  for (let day = 0; day < 4; day++) {
    for (let times = 0; times <= day; times++) await use(credential)
    later(dayMs)
  }
  vi.setSystemTime(begin + 7 * dayMs)
  const path = `/v1/usage?key=${key.id}`
  const first = (await api('GET', `${path}&limit=1`)).json
  expect(first.usage).toMatchObject([{ count: 1 }])
  later(dayMs)
  await use(credential)
  expect(await rest(path, 'usage', first.nextCursor)).toMatchObject([{ count: 2 }, { count: 3 }, { count: 4 }])
})

it('pages of callers show nobody twice, whoever is seen meanwhile', async () => {
  const { credential, key } = await server.issue()
  for (const name of ['a', 'b', 'c']) {
    await use(credential, name)
    later(1000)
  }
  const path = `/v1/keys/${key.id}/callers?version=1`
  const first = (await api('GET', `${path}&limit=1`)).json
  expect(first.callers).toMatchObject([{ userAgent: 'c' }])
  for (const name of ['d', 'c']) await use(credential, name)
  const others = await rest(path, 'callers', first.nextCursor)
  expect(others).toMatchObject([{ userAgent: 'b' }, { userAgent: 'a' }])
  const anew = (await api('GET', path)).json.callers
  expect(anew.map(({ userAgent }: { userAgent: string }) => userAgent).sort()).toEqual(['a', 'b', 'c', 'd'])
})

it('pages of callers that were all seen at one moment show each once', async () => {
  const { credential, key } = await server.issue()
  const names = Array.from({ length: 9 }, (_, i) => `${i} ${'ü'.repeat(i * 10)}`)
  for (const name of names) await use(credential, Buffer.from(name).toString('latin1'))
  const path = `/v1/keys/${key.id}/callers?version=1`
  const first = (await api('GET', `${path}&limit=1`)).json
  const others = await rest<{ userAgent: string }>(path, 'callers', first.nextCursor)
  const seen = [...first.callers, ...others].map(({ userAgent }) => userAgent)
  expect([seen.length, new Set(seen).size]).toEqual([9, 9])
})

it.each(['usage?', 'keys/{key}/callers?'])('a cursor that GET /v1/%s has not answered is refused', async (path) => {
  const { key } = await server.issue()
  for (const text of ['x', '7', '1.2', `1.1.${'g'.repeat(32)}`, '1.1.', '-1.1']) {
    if (path === 'usage?' && text === '1.2') continue
    const cursor = Buffer.from(text).toString('base64url')
    const { status, json } = await api('GET', `/v1/${path.replace('{key}', key.id)}cursor=${cursor}`)
    expect([text, status, json.errors?.[0].field]).toEqual([text, 422, 'cursor'])
  }
})
