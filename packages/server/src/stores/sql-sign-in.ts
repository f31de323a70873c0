import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely'
import type { CliTokenUse } from '../access/cli-tokens.ts'
import type { Attempts } from '../sign-in/attempts.ts'
import type { DeviceLogin, DeviceLogins } from '../sign-in/device/login.ts'
import type { PruneOver } from '../sign-in/retention.ts'
import { date, optional, text } from './codec.ts'
import type { DeviceLoginRow, Schema } from './schema.ts'
import { deleteOldestOver, deleteSomeOver } from './sql-over.ts'

/** What sign-in keeps for minutes, of which nothing is a change that an auditor would ask for. */
export interface SignInStore {
  attempts: Attempts
  deviceLogins: DeviceLogins
  cliTokenUse: CliTokenUse
  /** Of logins from terminals and of invitations. */
  prune: PruneOver
}

/** So long a machine that comes back late is told that it is too late. */
const keptMs = 24 * 3600 * 1000

/** Every step is one statement that says what it expects to find, so that none needs a transaction around it. */
export function createSqlSignIn({
  db,
  clock,
  run,
}: {
  db: Kysely<Schema>
  /** Of all who count attempts together, in milliseconds; whoever asks tells the time where there is none. */
  clock?: RawBuilder<number>
  /** Runs a step where it is part of nobody's transaction. */
  run: <T>(step: () => Promise<T>) => Promise<T>
}): SignInStore {
  return {
    attempts: {
      count: (name, windowSeconds, now) =>
        run(async () => {
          const at = clock ?? sql<number>`${now.getTime()}`
          const ends_at = sql<number>`${at} + ${windowSeconds * 1000}`
          await deleteSomeOver(db, 'kw_attempts', at, { isShared: clock !== undefined })
          const isOver = sql<boolean>`kw_attempts.ends_at <= ${at}`
          const row = await db
            .insertInto('kw_attempts')
            .values({ name: text.encode(name), count: 1, ends_at })
            .onConflict((conflict) =>
              conflict.column('name').doUpdateSet({
                count: sql<number>`case when ${isOver} then 1 else kw_attempts.count + 1 end`,
                ends_at: sql<number>`case when ${isOver} then excluded.ends_at else kw_attempts.ends_at end`,
              }),
            )
            .returning(['count', sql<number>`ends_at - ${at}`.as('left_ms')])
            .executeTakeFirstOrThrow()
          return { count: Number(row.count), endsAt: new Date(now.getTime() + Number(row.left_ms)) }
        }),
      uncount: (name) =>
        run(async () => {
          const update = db.updateTable('kw_attempts').set({ count: sql<number>`count - 1` })
          await update.where('name', '=', text.encode(name)).where('count', '>', 0).execute()
        }),
      forget: (name) =>
        run(async () => {
          await db.deleteFrom('kw_attempts').where('name', '=', text.encode(name)).execute()
        }),
    },

    async prune(before, limit) {
      const tokens = await run(() => deleteOldestOver(db, 'kw_cli_tokens', before, limit))
      return tokens + (await run(() => deleteOldestOver(db, 'kw_invitations', before, limit)))
    },

    cliTokenUse: {
      touch: (id, now) =>
        run(async () => {
          const update = db.updateTable('kw_cli_tokens').set({ last_used_at: now.getTime() })
          await update.where('id', '=', text.encode(id)).where('revoked_at', 'is', null).execute()
        }),
    },

    deviceLogins: {
      add: ({ id, client, device, scope, address, deviceDigest, userDigest, createdAt, expiresAt, intervalSeconds }) =>
        run(async () => {
          const by = createdAt.getTime() - keptMs
          await deleteSomeOver(db, 'kw_device_logins', by, { isShared: clock !== undefined })
          await db
            .insertInto('kw_device_logins')
            .values({
              id,
              device_digest: deviceDigest,
              user_digest: userDigest,
              client: text.encode(client),
              device: device && text.encode(device),
              scope: scope && text.encode(scope),
              address,
              created_at: createdAt.getTime(),
              expires_at: expiresAt.getTime(),
              poll_after: createdAt.getTime(),
              interval_seconds: intervalSeconds,
              state: 'pending',
              session: null,
              user: null,
            })
            .execute()
        }),
      byUserCode: (userDigest, now) =>
        run(async () => {
          const row = await db
            .selectFrom('kw_device_logins')
            .selectAll()
            .where('user_digest', '=', userDigest)
            .where('expires_at', '>', now.getTime())
            .orderBy('id', 'desc')
            .limit(1)
            .executeTakeFirst()
          return row && loginOf(row)
        }),
      bind: (id, session, user) =>
        run(async () => {
          const { numUpdatedRows } = await db
            .updateTable('kw_device_logins')
            .set({ session, user })
            .where('id', '=', id)
            .where((eb) => eb.or([eb('session', 'is', null), eb('session', '=', session)]))
            .executeTakeFirstOrThrow()
          return numUpdatedRows === 1n
        }),
      decide: (id, session, state, now) =>
        run(async () => {
          const { numUpdatedRows } = await db
            .updateTable('kw_device_logins')
            .set({ state })
            .where('id', '=', id)
            .where('session', '=', session)
            .where('state', '=', 'pending')
            .where('expires_at', '>', now.getTime())
            .executeTakeFirstOrThrow()
          return numUpdatedRows === 1n
        }),
      poll: (deviceDigest, slowerBySeconds, now) =>
        run(async () => {
          const at = now.getTime()
          const inTime = await db
            .updateTable('kw_device_logins')
            .set({ poll_after: sql<number>`${at} + interval_seconds * 1000` })
            .where('device_digest', '=', deviceDigest)
            .where('poll_after', '<=', at)
            .returningAll()
            .executeTakeFirst()
          if (inTime) return { login: loginOf(inTime), tooSoon: false }
          const early = await db
            .updateTable('kw_device_logins')
            .set({
              interval_seconds: sql<number>`interval_seconds + ${slowerBySeconds}`,
              poll_after: sql<number>`${at} + (interval_seconds + ${slowerBySeconds}) * 1000`,
            })
            .where('device_digest', '=', deviceDigest)
            .returningAll()
            .executeTakeFirst()
          return early && { login: loginOf(early), tooSoon: true }
        }),
      redeem: (id) =>
        run(async () => {
          const { numUpdatedRows } = await db
            .updateTable('kw_device_logins')
            .set({ state: 'redeemed' })
            .where('id', '=', id)
            .where('state', '=', 'approved')
            .executeTakeFirstOrThrow()
          return numUpdatedRows === 1n
        }),
    },
  }
}

function loginOf(row: Selectable<DeviceLoginRow>): DeviceLogin {
  const { id, address, session, user } = row
  return {
    id,
    client: text.decode(row.client),
    device: optional(text).decode(row.device),
    scope: optional(text).decode(row.scope),
    address,
    createdAt: date.decode(row.created_at),
    expiresAt: date.decode(row.expires_at),
    state: row.state as DeviceLogin['state'],
    session,
    user,
  }
}
