import { setTimeout as sleep } from 'node:timers/promises'
import { keywright } from '@keywright/contracts'
import { compileFormat, createDigester, newId } from '@keywright/core'
import { someEvent } from '@keywright/core/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openPostgres } from '../../src/stores/index.ts'
import { letThrough } from '../support/history.ts'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'
import { startNode, type TestNode } from '../support/start-node.ts'
import { told } from './figures.ts'

let postgres: OwnPostgres
let database: string
let nodes: [TestNode, TestNode, TestNode]

beforeAll(async () => {
  postgres = await startPostgres()
  database = await postgres.createDatabase()
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

const format = compileFormat(keywright.key)
const { digest } = createDigester()

/** Copies of one key, straight into the database: what is tried is how they are revoked. */
async function makeKeys(many: number): Promise<Made[]> {
  const { json } = await nodes[0].api('POST', '/v1/keys', { body: { organization: 'acme', name: 'key', limits: [] } })
  const store = openPostgres(database)
  const sample = await store.key(json.id)
  const [version] = sample?.versions ?? []
  if (!sample || !version) throw new Error('The key that was made is not there.')
  const made: Made[] = []
  while (made.length < many) {
    const copies = Array.from({ length: Math.min(inOneCall, many - made.length) }, () => ({
      id: newId('key'),
      credential: format.mint({ environment: sample.environment, kind: sample.kind }).credential,
    }))
    await store.transact(async (transaction) => {
      await Promise.all(
        copies.map(({ id, credential }) =>
          transaction.putKey({ ...sample, id, versions: [{ ...version, digest: digest(credential) }] }),
        ),
      )
      transaction.record(someEvent())
    })
    made.push(...copies)
  }
  await store.close()
  return made
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
  const doomed = await makeKeys(count)
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
  const startedAt = performance.now()
  const callsMs: number[] = []
  for (let from = 0; from < count; from += inOneCall) {
    const body = { keys: doomed.slice(from, from + inOneCall).map(({ id }) => id) }
    const calledAt = performance.now()
    const answer = await nodes[(from / inOneCall) % 3]?.api('POST', '/v1/keys/bulk-revoke', { body })
    expect([answer?.status, answer?.json.revoked]).toEqual([200, body.keys.length])
    callsMs.push(performance.now() - calledAt)
  }
  const tookMs = performance.now() - startedAt
  const last = await nodes[0].api('POST', '/v1/keys/bulk-revoke?wait=all', { body: { keys: [doomed[0]?.id] } })
  expect(last.status).toBe(200)
  const everywhereMs = performance.now() - startedAt - tookMs
  const during = await storm()
  told('verification during the storm', during.tookMs)
  told('a call of 1,000', callsMs)
  process.stdout.write(
    `${count} revocations in ${Math.round(tookMs)} ms, everywhere ${Math.round(everywhereMs)} ms later; ` +
      `answers ${JSON.stringify([...during.answers])}\n`,
  )
  expect([...during.answers.keys()]).toEqual([letThrough])
  await Promise.all(
    nodes.map(async (node, index) => {
      const asked = doomed.filter((_, at) => at >= count - inOneCall || at % 30 === index)
      for (const { credential } of asked) expect(await refusal(node, credential)).toBe('revoked_key')
    }),
  )
})
