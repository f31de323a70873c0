import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectWholeChain } from '../support/cluster.ts'
import type { Answer } from '../support/control-api.ts'
import { letThrough } from '../support/history.ts'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'
import { randomFrom } from '../support/random.ts'
import { startNode, type TestNode } from '../support/start-node.ts'
import { repetitions } from './figures.ts'

let postgres: OwnPostgres
let database: string
let slow: TestNode
let witness: TestNode

const start = () => startNode(database, { KEYWRIGHT_MAX_STALENESS_SECONDS: '2' })

beforeAll(async () => {
  postgres = await startPostgres()
  database = await postgres.createDatabase()
  slow = await start()
  witness = await start()
  await witness.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
})
afterAll(async () => {
  await Promise.all([slow.stop(), witness.stop()])
  await postgres.stop()
})

const stops = repetitions(100)

/** A seed in the environment repeats the moments of an earlier run. */
const seed = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000)
const random = randomFrom(seed)

interface Call {
  path: string
  body: object
  name: string
}

function make(node: TestNode, { path, body, name }: Call): Promise<Answer> {
  return node.api('POST', path, { body, headers: { 'idempotency-key': name } })
}

/** As a caller does who has given up on one node and asks another, until it is answered. */
async function elsewhere(call: Call): Promise<Answer> {
  for (;;) {
    const answer = await make(witness, call)
    if (answer.json.code !== 'idempotency_running' && answer.status !== 503) return answer
    await sleep(100)
  }
}

it('carries each call out once, however a node is stopped and goes on', async () => {
  process.stdout.write(`FAULT_SEED=${seed}\n`)
  let lateConflicts = 0
  let repeats = 0
  for (let round = 0; round < stops; round++) {
    const target = (await witness.api('POST', '/v1/keys', { body: newKey(`target-${round}`) })).json
    const calls: Call[] = [
      { path: '/v1/keys', body: newKey(`one-${round}-`), name: `create-${round}` },
      { path: `/v1/keys/${target.id}/rotate`, body: { graceSeconds: 600 }, name: `rotate-${round}` },
      {
        path: '/v1/keys/bulk',
        body: { keys: [0, 1, 2, 3].map((row) => newKey(`bulk-${round}-${row}`)) },
        name: `bulk-${round}`,
      },
    ]
    const first = calls.map((call) => ({ call, isAnswered: false, answer: make(slow, call) }))
    for (const it of first) void it.answer.then(() => (it.isAnswered = true))
    await sleep(random() * 150)
    slow.child.kill('SIGSTOP')
    await sleep(100)
    const open = first.filter(({ isAnswered }) => !isAnswered)
    repeats += open.length
    const second = await Promise.all(open.map(({ call }) => elsewhere(call)))
    slow.child.kill('SIGCONT')
    const late = await Promise.all(open.map(({ answer }) => answer))
    lateConflicts += late.filter(({ status }) => status === 409).length
    for (const { status } of second) expect([200, 201]).toContain(status)
    const { json } = await witness.api('GET', `/v1/keys/${target.id}`)
    expect(json.versions.filter(({ retiresAt }: { retiresAt: string | null }) => retiresAt === null)).toHaveLength(1)
    expect(await witness.ask(target.credential)).toBe(letThrough)
    for (const [q, count] of [
      [`one-${round}-`, 1],
      [`bulk-${round}-`, 4],
    ] as const) {
      const list = await witness.api('GET', `/v1/keys?organization=acme&limit=200&q=${q}`)
      expect([q, list.json.keys.length]).toEqual([q, count])
    }
  }
  await expectWholeChain(database)
  process.stdout.write(`${stops} stops, ${repeats} calls repeated elsewhere, ${lateConflicts} late ones undone\n`)
})

function newKey(name: string) {
  return { organization: 'acme', name, limits: [] }
}
