import { compileFormat, type KeyRecord, newId, type SecretVersion, suspend } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, controlApi } from '../support/control-api.ts'
import { onEachDatabase } from '../support/on-each-database.ts'
import { type TestServer, tester } from '../support/start-server.ts'

const count = 21_000

describe('a search through more keys than one call looks at', () => {
  onEachDatabase((start) => {
    let server: TestServer
    let api: Api
    const credentials: string[] = []

    beforeAll(async () => {
      server = await start({ contract: 'keywright' })
      api = controlApi(server.control)
      const { key } = await server.issue({ name: 'the first', limits: [] })
      const version = key.versions[0] as SecretVersion
      const { contract, digester } = server.lifecycle
      const { mint } = compileFormat(contract.key)
      const copy = (number: number): KeyRecord => ({
        ...key,
        id: newId('key', key.createdAt.getTime() + 1 + number),
        name: `fleet ${String(number).padStart(6, '0')}`,
        expiresAt: new Date(Date.UTC(2040, 0, 1) + number * 1000),
        versions: [{ ...version, digest: digester.digest(credentials[number] as string) }],
      })
      for (let i = 0; i < count; i++) credentials.push(mint(key).credential)
      for (let from = 0; from < count; from += 1000) {
        await server.lifecycle.store.transact(async (transaction) => {
          await Promise.all(Array.from({ length: 1000 }, (_, i) => transaction.putKey(copy(from + i))))
          transaction.record({
            ...{ action: 'key.imported', organization: 'acme', target: key.id, actor: tester },
            ...{ at: new Date(), details: {} },
          })
        })
      }
    }, 120_000)
    afterAll(() => server?.stop())

    const expected = Array.from({ length: 100 }, (_, i) => `fleet 0209${String(i).padStart(2, '0')}`)

    async function search(order: string, direction: string, filter = 'q=FLEET%200209') {
      const found: string[] = []
      const sizes: number[] = []
      let cursor = ''
      do {
        const query = `organization=acme&${filter}&limit=3&order=${order}&direction=${direction}`
        const { json } = await api('GET', `/v1/keys?${query}${cursor}`)
        found.push(...json.keys.map(({ name }: { name: string }) => name))
        sizes.push(json.keys.length)
        cursor = json.nextCursor === null ? '' : `&cursor=${json.nextCursor}`
      } while (cursor !== '')
      return { found, sizes }
    }

    it.each(
      ['created', 'name', 'expires', 'lastUsed'].flatMap((order) => [
        [order, 'asc'],
        [order, 'desc'],
      ]),
    )('goes on by its cursor, by %s, %s', async (order, direction) => {
      const { found, sizes } = await search(order as string, direction as string)
      expect(found).toEqual(direction === 'asc' ? expected : expected.toReversed())
      // Those that come last are beyond what the first call looks at.
      expect(sizes[0]).toBe(direction === 'asc' ? 0 : 3)
    })

    it('goes on by its cursor where it is for a state, by use', async () => {
      const [first] = (await server.lifecycle.store.keys({ organization: 'acme', limit: 1 })).items
      await suspend(server.lifecycle, tester, first?.id ?? '')
      const { found, sizes } = await search('lastUsed', 'desc', 'state=suspended')
      expect([found, sizes]).toEqual([['the first'], [0, 1]])
    })

    it('goes on by its cursor where all keys were used', { timeout: 120_000 }, async () => {
      const use = (credential: string) => api('POST', '/v1/verify', { body: { credential } })
      for (let from = 0; from < count; from += 100) {
        await Promise.all(credentials.slice(from, from + 100).map(use))
      }
      const oldestFirst = await search('lastUsed', 'asc')
      expect(oldestFirst.sizes[0]).toBe(0)
      expect(oldestFirst.found.toSorted()).toEqual(expected)
      const latestFirst = await search('lastUsed', 'desc')
      expect(latestFirst.sizes[0]).toBe(3)
      expect(latestFirst.found).toEqual(oldestFirst.found.toReversed())
    })
  })
})
