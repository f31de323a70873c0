import { setTimeout } from 'node:timers/promises'
import {
  createOrganization,
  type ForeignKey,
  importMany,
  issueMany,
  removeMember,
  revokeMany,
  setMember,
  suspend,
} from '@keywright/core'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Answer } from '../support/control-api.ts'
import { becomeOperator, type SignedUp, signUp, tokenOf } from '../support/people.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { startServer, type TestServer, tester } from '../support/start-server.ts'

let postgres: TestPostgres
let server: TestServer
let other: Client
let operator: SignedUp
let organizations = 0

beforeAll(async () => {
  // Who has waited for so long looks, once, whether others wait for it: by then `other` has come to do so.
  postgres = await startPostgres({ deadlock_timeout: '5s' })
  const database = await postgres.createDatabase()
  const env = { KEYWRIGHT_SECRET: 'a-secret-of-the-tests-with-many-characters' }
  server = await startServer({ contract: 'keywright', database, env })
  operator = await becomeOperator(server)
  other = new Client({ connectionString: database })
  await other.connect()
  // Never the one that the database gives up on.
  await other.query(`set deadlock_timeout = '30s'`)
}, 60_000)
afterAll(async () => {
  await other.end()
  await server.stop()
  await postgres.stop()
})

const locked = (organization: string) =>
  other.query('select from kw_organizations where id = $1 for update', [organization])

/** Resolves once so many wait for what `other` has locked, one behind the other. */
async function untilWaitedFor(by = 1): Promise<void> {
  const waiting = 'select from pg_stat_activity where cardinality(pg_blocking_pids(pid)) > 0'
  while (Number((await other.query(waiting)).rowCount) < by) {
    await setTimeout(10)
    // Within a transaction it would be told what it was told the first time.
    await other.query('select pg_stat_clear_snapshot()')
  }
}

function foreign(organization: string, letter: string): ForeignKey {
  const digest = letter.repeat(64)
  return { organization, name: letter, secret: { algorithm: 'sha256', digest } }
}

it('an import that the database makes begin anew takes over every key, and takes none for its own double', async () => {
  await createOrganization(server.lifecycle, tester, { id: 'beta', name: 'Beta' })
  await other.query('begin')
  await locked('beta')
  const importing = importMany(server.lifecycle, tester, [
    { row: 0, key: foreign('acme', 'a') },
    { row: 1, key: foreign('beta', 'b') },
    { row: 2, key: foreign('acme', 'a') },
  ])
  await untilWaitedFor()
  // Each now waits for the other, until the database gives up on the import, which has waited longer.
  await locked('acme')
  await other.query('rollback')
  const { rows } = await importing
  expect(rows).toMatchObject([
    { row: 0, done: { isNew: true } },
    { row: 1, done: { isNew: true } },
    { row: 2, error: { message: 'Row 0 is the same key.' } },
  ])
}, 60_000)

it('a key that another node resumes while its maker leaves is revoked like the others', async () => {
  const { lifecycle } = server
  for (const [user, role] of [['owner', 'owner'] as const, ['leaver', 'member'] as const]) {
    await setMember(lifecycle, tester, { organization: 'acme', user, role })
  }
  const { key } = await server.issue({ createdBy: 'leaver' })
  await suspend(lifecycle, tester, key.id)
  await other.query('begin')
  await other.query('update kw_keys set suspended_at = null where id = $1', [key.id])
  const leaving = removeMember(lifecycle, tester, 'acme', 'leaver', { withKeys: true })
  await untilWaitedFor()
  await other.query('commit')
  expect(await leaving).toEqual({ keys: 1 })
  expect((await lifecycle.store.key(key.id))?.revokedAt).not.toBeNull()
}, 60_000)

it('a revocation of many that waits for one key holds none that another call may have before it', async () => {
  const wanted = Array.from({ length: 110 }, (_, row) => {
    return { row, key: { organization: 'acme', name: `${row}` }, reach: null }
  })
  const made = await issueMany(server.lifecycle, tester, wanted)
  const ids = made.rows.flatMap((row) => ('done' in row ? row.done.key.id : [])).sort()
  await other.query('begin')
  await other.query('select from kw_keys where id = $1 for update', [ids[0]])
  const rows = ids.toReversed().map((id, row) => ({ row, id }))
  const revoking = revokeMany(server.lifecycle, tester, rows)
  await untilWaitedFor()
  await other.query('select from kw_keys where id = any ($1) for update nowait', [ids])
  await other.query('commit')
  expect((await revoking).rows.every((row) => 'done' in row && row.done.revokedAt !== null)).toBe(true)
}, 60_000)

const call = (method: string, path: string, body?: unknown) => operator.browser.call(method, path, body)

async function linkTo(organization: string, email: string): Promise<string> {
  const { json } = await call('POST', `/v1/organizations/${organization}/invitations`, { email, role: 'owner' })
  return tokenOf(json.link)
}

/** An owner beside the operator, with no place elsewhere of which they would be the last one. */
async function ownerOf(organization: string): Promise<SignedUp> {
  const email = `owner@${organization}.example`
  return signUp(server, { email, invitation: await linkTo(organization, email) })
}

const changes: [string, (organization: string) => Promise<() => Promise<Answer>>][] = [
  [
    'takes a place by an invitation',
    async (organization) => {
      const { browser, email } = await ownerOf('acme')
      const invitation = await linkTo(organization, email)
      return () => browser.call('POST', '/api/auth/invitation/accept', { invitation })
    },
  ],
  [
    'gives a member another role',
    async (organization) => {
      const { id } = await ownerOf(organization)
      return () => call('PATCH', `/v1/organizations/${organization}/members/${id}`, { role: 'member' })
    },
  ],
  [
    'takes a member out',
    async (organization) => {
      const { id } = await ownerOf(organization)
      return () => call('DELETE', `/v1/organizations/${organization}/members/${id}`)
    },
  ],
  [
    'changes a key',
    async (organization) => {
      const { json } = await call('POST', '/v1/keys', { organization, name: 'x' })
      return () => call('PATCH', `/v1/keys/${json.id}`, { name: 'y' })
    },
  ],
  [
    'removes an account',
    async (organization) => {
      const { id } = await ownerOf(organization)
      return () => call('DELETE', `/v1/people/${id}`)
    },
  ],
]

it.each(changes)(
  'whoever %s holds no row of the organization that another call may have before it',
  async (_, prepare) => {
    const organization = `waits-${++organizations}`
    await createOrganization(server.lifecycle, tester, { id: organization, name: organization })
    await setMember(server.lifecycle, tester, { organization, user: operator.id, role: 'owner' })
    const change = await prepare(organization)
    await other.query('begin')
    await locked(organization)
    const changed = change()
    await untilWaitedFor()
    for (const table of ['kw_members', 'kw_invitations', 'kw_keys']) {
      await other.query(`select from ${table} where organization = $1 for update nowait`, [organization])
    }
    await other.query('commit')
    expect((await changed).status).toBe(200)
  },
  60_000,
)

it('whoever takes the instance out of the hands of a person holds no operator that another call may have before it', async () => {
  const email = 'second-operator@example.com'
  const { json } = await call('POST', '/v1/operators/invitations', { email })
  const { id } = await signUp(server, { email, invitation: tokenOf(json.link) })
  await other.query('begin')
  await other.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`keywright person ${id}`])
  const removed = call('DELETE', `/v1/operators/${id}`)
  await untilWaitedFor()
  await other.query('select from kw_operators for update nowait')
  await other.query('commit')
  expect((await removed).status).toBe(200)
}, 60_000)

it('a node is ready while all who manage keys wait for one of them', async () => {
  await other.query('begin')
  await locked('acme')
  const names = Array.from({ length: 5 }, (_, index) => `Acme ${index}`)
  const changes = names.map((name) => call('PATCH', '/v1/organizations/acme', { name }))
  await untilWaitedFor(changes.length)
  expect((await fetch(`${server.control}/ready`)).status).toBe(200)
  await other.query('commit')
  for (const { status } of await Promise.all(changes)) expect(status).toBe(200)
}, 60_000)
