import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { expect, it } from 'vitest'
import { serviceKey, startServer } from '../support/start-server.ts'

it('a database that takes nothing is told of once, however often use cannot be written to it', async () => {
  const server = await startServer({ contract: 'keywright' })
  const { credential } = await server.issue()
  const asked = (url: string, key: string) =>
    fetch(url, { headers: { authorization: `Bearer ${key}` } }).then((response) => response.text())
  const holder = new BetterSqlite3(join(server.folder, 'data', 'keywright.db'))
  holder.exec('begin immediate')
  await asked(`${server.edge}/v1/things`, credential)
  // Each waits until what was counted is written, or cannot be.
  for (let lists = 1; lists <= 2; lists++) await asked(`${server.control}/v1/keys`, serviceKey)
  holder.exec('rollback')
  holder.close()
  expect(server.log().match(/usage could not be written down/g)).toHaveLength(1)
  await server.stop()
}, 20_000)
