import { hash } from 'node:crypto'
import { join } from 'node:path'
import { newId, searchTextOf, sortNameOf } from '@keywright/core'
import BetterSqlite3 from 'better-sqlite3'
import type { TestServer } from './start-server.ts'

/** So many more like one that was issued, straight into the database: what is tried is how they are read. */
export async function copyKey({ folder, issue }: TestServer, count: number): Promise<void> {
  const { key } = await issue({ name: 'The first' })
  const client = new BetterSqlite3(join(folder, 'data', 'keywright.db'))
  const sample = client.prepare('select * from kw_keys where id = ?').get(key.id) as Record<string, unknown>
  const names = Object.keys(sample)
  const into = client.prepare(
    `insert into kw_keys (${names.join(',')}) values (${names.map((name) => `@${name}`).join(',')})`,
  )
  const digests = client.prepare('insert into kw_digests (digest, "key") values (?, ?)')
  const start = key.createdAt.getTime() + 1
  client.transaction(() => {
    for (let i = 0; i < count; i++) {
      const id = newId('key', start + i)
      const name = `Fleet ${String(i).padStart(6, '0')}`
      const hint = `sk_live_…${i.toString(36).padStart(4, '0')}`
      const versions = key.versions.map((version) => ({ ...version, digest: hash('sha256', id), hint }))
      const derived = { sort_name: sortNameOf({ name }), search: searchTextOf({ name, versions }) }
      into.run({ ...sample, id, name, hint, versions: JSON.stringify(versions), created_at: start + i, ...derived })
      digests.run(hash('sha256', id), id)
    }
  })()
  client.close()
}
