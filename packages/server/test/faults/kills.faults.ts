import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectWholeChain } from '../support/cluster.ts'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'
import { randomFrom } from '../support/random.ts'
import { startNode, type TestNode } from '../support/start-node.ts'
import { repetitions } from './figures.ts'

let postgres: OwnPostgres
let database: string
let witness: TestNode

beforeAll(async () => {
  postgres = await startPostgres()
  database = await postgres.createDatabase()
  witness = await startNode(database)
  await witness.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
})
afterAll(async () => {
  await witness.stop()
  await postgres.stop()
})

const kills = repetitions(500)

/** What a caller knows of one key. */
interface Known {
  name: string
  id: string | null
  credential: string | null
  revoked: 'no' | 'asked' | 'acknowledged'
}

/** A seed in the environment repeats the moments of an earlier run. */
const seed = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000)
const random = randomFrom(seed)

function create(node: TestNode, name: string) {
  const body = { organization: 'acme', name, limits: [] }
  return node.api('POST', '/v1/keys', { body, headers: { 'idempotency-key': name } })
}

/** Makes and revokes keys until the node is gone. */
async function work(node: TestNode, round: number, worker: number, known: Known[]): Promise<void> {
  for (let count = 0; ; count++) {
    const key: Known = { name: `${round}-${worker}-${count}`, id: null, credential: null, revoked: 'no' }
    known.push(key)
    try {
      const made = await create(node, key.name)
      if (made.status !== 201) return
      key.id = made.json.id
      key.credential = made.json.credential
      if (count % 2 === 0) continue
      key.revoked = 'asked'
      const revoked = await node.api('POST', `/v1/keys/${key.id}/revoke`)
      if (revoked.status !== 200) return
      key.revoked = 'acknowledged'
    } catch {
      return
    }
  }
}

it('loses nothing that was acknowledged, however a node is killed', async () => {
  process.stdout.write(`FAULT_SEED=${seed}\n`)
  const known: Known[] = []
  let next = startNode(database)
  for (let round = 0; round < kills; round++) {
    const victim = await next
    if (round + 1 < kills) next = startNode(database)
    const working = [1, 2, 3].map((worker) => work(victim, round, worker, known))
    await sleep(50 + random() * 400)
    victim.child.kill('SIGKILL')
    await Promise.all(working)
    await victim.stop()
    if (round % 50 === 49) process.stdout.write(`${round + 1} kills, ${known.length} keys\n`)
  }
  let replayed = 0
  for (const key of known) {
    if (key.credential !== null) {
      const expected = { no: [404], asked: [404, 401], acknowledged: [401] }[key.revoked]
      expect(expected, `${key.name}, revoked: ${key.revoked}`).toContain(await witness.ask(key.credential))
      continue
    }
    let again = await create(witness, key.name)
    // Its node is gone, which others know once they have not heard it for a while.
    for (; again.status === 409; again = await create(witness, key.name)) await sleep(200)
    expect(again.status).toBe(201)
    expect(await witness.ask(again.json.credential)).toBe(404)
    replayed++
  }
  const keys = await allKeys()
  expect(new Set(keys).size).toBe(keys.length)
  expect(keys.length).toBe(known.length)
  await expectWholeChain(database)
  process.stdout.write(`${kills} kills, ${known.length} keys, ${replayed} calls replayed, none lost or doubled\n`)
})

async function allKeys(): Promise<string[]> {
  const keys: string[] = []
  let cursor: string | null = null
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const { json } = await witness.api('GET', `/v1/keys?organization=acme&limit=100${after}`)
    keys.push(...json.keys.map(({ name }: { name: string }) => name))
    cursor = json.nextCursor
  } while (cursor !== null)
  return keys
}
