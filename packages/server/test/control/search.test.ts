import { type KeyRecord, newId } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, controlApi } from '../support/control-api.ts'
import { onEachDatabase } from '../support/on-each-database.ts'
import { type TestServer, tester } from '../support/start-server.ts'

const count = 21_000

describe('a search through more keys than one call looks at', () => {
  onEachDatabase((start) => {
    let server: TestServer
    let api: Api

    beforeAll(async () => {
      server = await start({ contract: 'keywright' })
      api = controlApi(server.control)
      const { key } = await server.issue({ name: 'the first' })
      const copy = (number: number): KeyRecord => ({
        ...key,
        id: newId('key', key.createdAt.getTime() + 1 + number),
        name: `fleet ${String(number).padStart(6, '0')}`,
        expiresAt: new Date(Date.UTC(2040, 0, 1) + number * 1000),
        versions: [],
      })
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

    it.each(
      ['created', 'name', 'expires'].flatMap((order) => [
        [order, 'asc'],
        [order, 'desc'],
      ]),
    )('goes on by its cursor, by %s, %s', async (order, direction) => {
      const found: string[] = []
      const sizes: number[] = []
      let cursor = ''
      do {
        const query = `organization=acme&q=FLEET%200209&limit=3&order=${order}&direction=${direction}`
        const { json } = await api('GET', `/v1/keys?${query}${cursor}`)
        found.push(...json.keys.map(({ name }: { name: string }) => name))
        sizes.push(json.keys.length)
        cursor = json.nextCursor === null ? '' : `&cursor=${json.nextCursor}`
      } while (cursor !== '')
      const expected = Array.from({ length: 100 }, (_, i) => `fleet 0209${String(i).padStart(2, '0')}`)
      expect(found).toEqual(direction === 'asc' ? expected : expected.toReversed())
      // Those that come last are beyond what the first call looks at.
      expect(sizes[0]).toBe(direction === 'asc' ? 0 : 3)
    })
  })
})
