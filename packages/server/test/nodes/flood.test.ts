import { readFileSync } from 'node:fs'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestPostgres, testPostgres } from '../support/postgres.ts'
import { randomFrom } from '../support/random.ts'
import { startNode, type TestNode } from '../support/start-node.ts'

const seed = Number(process.env.FAULT_SEED ?? 1)
const flood = Number(process.env.KEYWRIGHT_FLOOD ?? 4_000)
/** A node that keeps anything of what it is asked about needs more than that soon. */
const heapMegabytes = 80
const atOnce = 8

let postgres: TestPostgres
let database: string
let node: TestNode

beforeAll(async () => {
  postgres = await testPostgres()
  database = await postgres.createDatabase()
  node = await startNode(database, {
    KEYWRIGHT_CONTRACT: 'hopx',
    NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}`,
  })
  await node.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
}, 60_000)
afterAll(() => postgres.stop(), 60_000)

async function makeKeys(count: number): Promise<string[]> {
  const key = { organization: 'acme', name: 'key', limits: [] }
  const { status, json } = await node.api('POST', '/v1/keys/bulk', {
    body: { keys: Array.from({ length: count }, () => key) },
  })
  expect(status).toBe(200)
  return json.results.map(({ credential }: { credential: string }) => credential)
}

/** Why the key is refused; null where it is let through. A database that is too slow for the flood is an outage: 503. */
async function refusal(credential: string): Promise<string | null> {
  const { status, json } = await node.api('POST', '/v1/verify', { body: { credential } })
  expect([200, 503]).toContain(status)
  if (status === 503) return 'unavailable'
  return json.allowed ? null : json.reason
}

/** What the process has of the machine's memory, in megabytes. */
function residentMegabytes(): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${node.child.pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

/** How often a credential was looked up in the database, which tells once the connections are closed. */
async function lookUps(): Promise<number> {
  const client = new Client({ connectionString: database })
  await client.connect()
  const { rows } = await client.query(
    `select idx_scan from pg_stat_user_indexes where indexrelname = 'kw_digests_pkey'`,
  )
  await client.end()
  return Number(rows[0]?.idx_scan)
}

const random = randomFrom(seed)
const bytes = (count: number) => Buffer.from(Array.from({ length: count }, () => Math.floor(random() * 256)))
const stranger = () => `hopx_live_${bytes(6).toString('hex')}.${bytes(32).toString('base64url')}`

async function ask(count: number): Promise<void> {
  let left = count
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) expect(['unknown_key', 'unavailable']).toContain(await refusal(stranger()))
    }),
  )
}

describe(`F13, a flood of keys that do not exist (seed ${seed})`, () => {
  it('takes a node with little memory no more of it the longer it lasts, and hides no key that does', {
    timeout: 60 * 60_000,
  }, async () => {
    const keys = await makeKeys(200)
    for (const credential of keys) expect(await refusal(credential)).toBeNull()
    await ask(flood / 2)
    const halfway = residentMegabytes()
    await ask(flood / 2)
    const all = residentMegabytes()
    expect(all - halfway).toBeLessThan(heapMegabytes)
    for (const credential of keys) expect(await refusal(credential)).toBeNull()
    process.stdout.write(
      `${flood} unknown keys: ${halfway.toFixed(0)} MB resident after half of them, ${all.toFixed(0)} MB after all\n`,
    )
    await node.stop()
    // Each once at most: those that exist were known from the first look on.
    expect(await lookUps()).toBeLessThanOrEqual(flood + keys.length)
  })
})
