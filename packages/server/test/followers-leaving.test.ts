import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Api, controlApi } from './support/control-api.ts'
import { onEachDatabase } from './support/on-each-database.ts'
import type { TestServer } from './support/start-server.ts'

onEachDatabase((start) => {
  let server: TestServer
  let api: Api
  beforeAll(async () => {
    server = await start({ contract: 'keywright' })
    api = controlApi(server.control)
  }, 60_000)
  afterAll(() => server.stop())

  const poll = (name: string) => api('GET', `/v1/changes?follower=${name}&maxStaleness=3600`)
  const leave = (name: string) => api('DELETE', `/v1/followers/${name}`)

  async function pending(): Promise<string[]> {
    const { key } = await server.issue()
    const { json } = await api('POST', `/v1/keys/${key.id}/revoke`)
    return (await api('GET', `/v1/receipts/${json.receipt}`)).json.pending
  }

  it('nobody waits for who has stopped following, where a poll that it sent before arrives later', async () => {
    await poll('known')
    expect(await pending()).toContain('follower:known')
    for (const name of ['known', 'never-heard']) {
      await leave(name)
      const late = await poll(name)
      expect([late.status, late.json.code, late.headers.get('retry-after')]).toEqual([503, 'unavailable', '5'])
      expect(await pending()).not.toContain(`follower:${name}`)
    }
  })

  it('who goes on under the same name after a while is waited for again', async () => {
    await poll('again')
    await leave('again')
    while ((await poll('again')).status !== 200) await sleep(100)
    expect(await pending()).toContain('follower:again')
  }, 30_000)
})
