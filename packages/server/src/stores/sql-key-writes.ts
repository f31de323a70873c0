import { DuplicateError, hintOf, type KeyRecord, type Operations, searchTextOf, sortNameOf } from '@keywright/core'
import type { Insertable } from 'kysely'
import { text } from './codec.ts'
import { keys } from './mapping.ts'
import type { KeyRow } from './schema.ts'
import type { Session } from './session.ts'
import { together } from './together.ts'

/** @param isDuplicate whether a database error is a violated unique index */
export function keyWritesOn({ db }: Session, isDuplicate: (error: unknown) => boolean): Pick<Operations, 'putKey'> {
  async function putRows(written: readonly KeyRecord[]): Promise<void> {
    const rows = written.map((key) => ({ ...keys.toRow(key), ...derivedOf(key) }))
    const columns = Object.keys(rows[0] ?? {}).filter((column) => column !== 'id') as (keyof Insertable<KeyRow>)[]
    await db
      .insertInto('kw_keys')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .column('id')
          .doUpdateSet((eb) => Object.fromEntries(columns.map((column) => [column, eb.ref(`excluded.${column}`)]))),
      )
      .execute()
  }

  async function putDigests(written: readonly KeyRecord[]): Promise<void> {
    const ids = written.map(({ id }) => text.encode(id))
    const stored = await db.selectFrom('kw_digests').select(['digest', 'key']).where('key', 'in', ids).execute()
    const known = new Set(stored.map(({ digest, key }) => `${key} ${digest}`))
    const wanted = written.flatMap(({ id, versions }) =>
      versions.map((version) => ({ digest: text.encode(version.digest), key: text.encode(id) })),
    )
    const fresh = wanted.filter(({ digest, key }) => !known.delete(`${key} ${digest}`))
    const gone = stored.filter(({ digest, key }) => known.has(`${key} ${digest}`)).map(({ digest }) => digest)
    if (gone.length > 0) await db.deleteFrom('kw_digests').where('digest', 'in', gone).execute()
    if (fresh.length === 0) return
    try {
      await db.insertInto('kw_digests').values(fresh).execute()
    } catch (error) {
      // The database's own error is not passed on: PostgreSQL's quotes the digest.
      throw isDuplicate(error) ? new DuplicateError('digest') : error
    }
  }

  return {
    putKey: together<KeyRecord, void>(async (all) => {
      // Of two writes of one key the second counts.
      const written = [...new Map(all.map((key) => [key.id, key])).values()]
      await putRows(written)
      await putDigests(written)
      return () => {}
    }),
  }
}

function derivedOf(key: KeyRecord) {
  return {
    sort_name: text.encode(sortNameOf(key)),
    search: text.encode(searchTextOf(key)),
    hint: text.encode(hintOf(key)),
  }
}
