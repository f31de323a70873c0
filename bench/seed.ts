import { hash } from 'node:crypto'
import { newId, searchTextOf, sortNameOf } from '@keywright/core'
import BetterSqlite3 from 'better-sqlite3'
import { migrateSqlite } from '../packages/server/src/stores/migrate-sqlite.ts'

const day = 86_400_000
const words = ['Production', 'Staging', 'CI', 'Backup', 'Reports', 'Mobile app', 'Partner', 'Key']

/**
 * A database as years of use would leave it: a tenth of all keys in the first organization, 2 of 100 revoked, 1 of 1,000
 * suspended, a quarter with an expiry, of which 1 of 50 has passed, two thirds used.
 */
export function seed(file: string, { keys, organizations }: { keys: number; organizations: number }) {
  const client = new BetterSqlite3(file)
  client.pragma('journal_mode = WAL')
  client.pragma('synchronous = OFF')
  client.pragma('cache_size = -400000')
  migrateSqlite(client)
  const now = Date.now()
  const start = Date.UTC(2026, 0, 1)
  const actor = newId('usr', start)
  const sample = { key: '', hint: '', project: newId('prj', start), actor }

  const insert = (table: string, columns: string) =>
    client.prepare(`insert into ${table} (${columns}) values (${columns.split(',').map(() => '?')})`)
  const organization = insert('kw_organizations', 'id,name,plan,namespaces,monthly_quota,state,created_at')
  const project = insert('kw_projects', 'id,organization,name,created_at')
  const key = insert(
    'kw_keys',
    'id,organization,project,created_by,name,kind,environment,permissions,namespaces,allowed_ips,limits,metadata,' +
      'created_at,expires_at,suspended_at,revoked_at,revoked_reason,deleted_at,versions,sort_name,search,hint',
  )
  const digest = insert('kw_digests', 'digest,"key"')
  const used = insert('kw_last_used', '"key",version,used_at,organization')
  const change = insert('kw_changes', 'number,hash,entry,at,organization,target,action,actor,triggered_by')

  client.transaction(() => {
    for (let i = 0; i < organizations; i++) {
      organization.run(`org-${i}`, `Organization ${i}`, null, null, null, 'active', start + i)
      project.run(i === 0 ? sample.project : newId('prj', start + i), `org-${i}`, 'Web', start + i)
    }
    let number = 0
    for (let i = 0; i < keys; i++) {
      const at = start + Math.floor((i / keys) * 320 * day)
      const of = i % 10 === 0 ? 0 : 1 + (i % (organizations - 1))
      const id = newId('key', at)
      const name = `${words[i % words.length]} ${i}`
      const hint = `kw_live_…${(i % 1_679_616).toString(36).padStart(4, '0')}`
      const versions = [{ number: 1, digest: hash('sha256', id), hint, createdAt: new Date(at), retiresAt: null }]
      const expires = i % 4 === 0 ? (i % 200 === 0 ? now - day : now + (1 + (i % 300)) * day) : null
      const suspended = i % 1000 === 7 ? at : null
      const revoked = i % 50 === 3 ? at : null
      const inProject = of === 0 && i % 3 === 0 ? sample.project : null
      const derived = [sortNameOf({ name }), searchTextOf({ name, versions }), hint]
      key.run(
        ...[id, `org-${of}`, inProject, null, name, 'secret', 'live', null, null, null, null, '{}'],
        ...[at, expires, suspended, revoked, null, null, JSON.stringify(versions), ...derived],
      )
      digest.run(versions[0]?.digest, id)
      if (i % 3 !== 0) used.run(id, 1, now - (i % 5000) * 60_000, `org-${of}`)
      if (i === Math.floor(keys / 2) + 1) Object.assign(sample, { key: id, hint })
      const action = i % 50 === 3 ? 'key.revoked' : 'key.created'
      const [who, by] = i % 1000 === 9 ? [actor, 'ui'] : ['configured', 'api']
      const entry = JSON.stringify({
        ...{ action, actor: { address: null, id: who, requestId: null, triggeredBy: by, type: 'service_key' } },
        ...{ at: new Date(at), details: { name }, number: ++number, organization: `org-${of}`, target: id },
      })
      change.run(number, hash('sha256', id), entry, at, `org-${of}`, id, action, who, by)
    }
    client.prepare('update kw_head set number = ?, hash = ?').run(number, '0'.repeat(64))
  })()
  client.close()
  return sample
}
