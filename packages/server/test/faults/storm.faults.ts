import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { letThrough } from '../support/history.ts'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'
import { startNode, type TestNode } from '../support/start-node.ts'
import { told } from './figures.ts'

let postgres: OwnPostgres
let nodes: [TestNode, TestNode, TestNode]

beforeAll(async () => {
  postgres = await startPostgres()
  const database = await postgres.createDatabase()
  nodes = await Promise.all([startNode(database), startNode(database), startNode(database)])
  await nodes[0].api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
})
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await postgres.stop()
})

interface Made {
  id: string
  credential: string
}

const inOneCall = 1_000
const count = Number(process.env.FAULT_STORM ?? 100_000)

async function makeKeys(many: number): Promise<Made[]> {
  const keys = Array.from({ length: many }, () => ({ organization: 'acme', name: 'key', limits: [] }))
  const { status, json } = await nodes[0].api('POST', '/v1/keys/bulk', { body: { keys } })
  expect(status).toBe(200)
  return json.results.map(({ key, credential }: { key: Made; credential: string }) => ({ id: key.id, credential }))
}

/** Asks every node about keys that stay as they are, until it is over. */
function askMeanwhile(keys: readonly Made[]) {
  let isOver = false
  const tookMs: number[] = []
  const answers = new Map<number, number>()
  const asking = nodes.map(async (node) => {
    for (let index = 0; !isOver; index++, await sleep(5)) {
      const startedAt = performance.now()
      const status = await node.ask(keys[index % keys.length]?.credential ?? '')
      tookMs.push(performance.now() - startedAt)
      answers.set(status, (answers.get(status) ?? 0) + 1)
    }
  })
  return async () => {
    isOver = true
    await Promise.all(asking)
    return { tookMs, answers }
  }
}

/** Why a node refuses a key; null where it lets it through. */
async function refusal(node: TestNode, credential: string): Promise<string | null> {
  const { json } = await node.api('POST', '/v1/verify', { body: { credential } })
  return json.allowed ? null : json.reason
}

it('tells what a storm of revocations does to verification, and loses none of them', async () => {
  const kept = await makeKeys(100)
  const doomed: Made[] = []
  while (doomed.length < count) doomed.push(...(await makeKeys(Math.min(inOneCall, count - doomed.length))))
  // Known everywhere before, some of every call.
  const known = doomed.filter((_, index) => index % 10 === 0)
  await Promise.all(
    nodes.map(async (node) => {
      for (const { credential } of [...kept, ...known]) expect(await node.ask(credential)).toBe(letThrough)
    }),
  )
  const quiet = askMeanwhile(kept)
  await sleep(5_000)
  const before = await quiet()
  told('verification before', before.tookMs)

  const storm = askMeanwhile(kept)
  const calls: number[] = []
  const startedAt = performance.now()
  for (let from = 0; from < doomed.length; from += inOneCall) {
    const keys = doomed.slice(from, from + inOneCall).map(({ id }) => id)
    const calledAt = performance.now()
    const node = nodes[(from / inOneCall) % 3] as TestNode
    const answer = await node.api('POST', '/v1/keys/bulk-revoke', { body: { keys } })
    expect([answer.status, answer.json.revoked]).toEqual([200, keys.length])
    calls.push(performance.now() - calledAt)
  }
  const tookMs = performance.now() - startedAt
  const last = await nodes[0].api('POST', '/v1/keys/bulk-revoke?wait=all', { body: { keys: [doomed[0]?.id] } })
  expect(last.status).toBe(200)
  const everywhereMs = performance.now() - startedAt - tookMs
  const during = await storm()
  told('verification during the storm', during.tookMs)
  told('a call of 1,000', calls)
  process.stdout.write(
    `${count} revocations in ${Math.round(tookMs)} ms, everywhere ${Math.round(everywhereMs)} ms later; ` +
      `answers ${JSON.stringify([...during.answers])}\n`,
  )
  expect([...during.answers.keys()]).toEqual([letThrough])
  await Promise.all(
    nodes.map(async (node, index) => {
      const asked = count <= 10_000 ? doomed : doomed.filter((_, at) => at % 10 === 0 || at % 3 === index)
      for (const { credential } of asked) expect(await refusal(node, credential)).toBe('revoked_key')
    }),
  )
})
