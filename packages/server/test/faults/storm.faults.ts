import { setTimeout as sleep } from 'node:timers/promises'
import { keywright } from '@keywright/contracts'
import { compileFormat, createDigester, newId } from '@keywright/core'
import { someEvent } from '@keywright/core/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openPostgres } from '../../src/stores/index.ts'
import { letThrough } from '../support/history.ts'
import { here, type Machine } from '../support/network/machine.ts'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'
import { startNode, type TestNode } from '../support/start-node.ts'
import { told } from './figures.ts'

let postgres: OwnPostgres
let database: string
/** The first takes none of the calls. */
let nodes: [TestNode, TestNode, TestNode]

/**
 * Whatever else runs is served first, as if these had machines of their own: what is seen of a storm on the node that
 * verifies is what it costs there, and not that few processors are asked for much.
 */
const elsewhere: Machine = {
  ...here,
  command: (program, args, user = null) => ({ program: 'nice', args: ['-n', '19', program, ...args], user }),
}

beforeAll(async () => {
  postgres = await startPostgres({}, elsewhere)
  database = await postgres.createDatabase()
  nodes = await Promise.all([
    startNode(database),
    startNode(database, {}, elsewhere),
    startNode(database, {}, elsewhere),
  ])
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

/** Asks every node about keys that stay as they are, until it is over. How long each node's answers took. */
function askMeanwhile(keys: readonly Made[]) {
  let isOver = false
  const answers = new Map<number, number>()
  const asking = nodes.map(async (node) => {
    const tookMs: number[] = []
    for (let index = 0; !isOver; index++, await sleep(5)) {
      const startedAt = performance.now()
      const status = await node.ask(keys[index % keys.length]?.credential ?? '')
      tookMs.push(performance.now() - startedAt)
      answers.set(status, (answers.get(status) ?? 0) + 1)
    }
    return tookMs
  })
  return async (when: string) => {
    isOver = true
    const [verifying, ...others] = await Promise.all(asking)
    told(`verification ${when}, on the node that takes no call`, verifying ?? [])
    told(`verification ${when}, on those that do`, others.flat())
    return answers
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
  await quiet('before')

  const storm = askMeanwhile(kept)
  const startedAt = performance.now()
  const callsMs: number[] = []
  for (let from = 0; from < count; from += inOneCall) {
    const body = { keys: doomed.slice(from, from + inOneCall).map(({ id }) => id) }
    const calledAt = performance.now()
    const answer = await nodes[1 + ((from / inOneCall) % 2)]?.api('POST', '/v1/keys/bulk-revoke', { body })
    expect([answer?.status, answer?.json.revoked]).toEqual([200, body.keys.length])
    callsMs.push(performance.now() - calledAt)
  }
  const tookMs = performance.now() - startedAt
  const last = await nodes[1].api('POST', '/v1/keys/bulk-revoke?wait=all', { body: { keys: [doomed[0]?.id] } })
  expect(last.status).toBe(200)
  const everywhereMs = performance.now() - startedAt - tookMs
  const answers = await storm('during the storm')
  told('a call of 1,000', callsMs)
  process.stdout.write(
    `${count} revocations in ${Math.round(tookMs)} ms, everywhere ${Math.round(everywhereMs)} ms later; ` +
      `answers ${JSON.stringify([...answers])}\n`,
  )
  expect([...answers.keys()]).toEqual([letThrough])
  await Promise.all(
    nodes.map(async (node, index) => {
      const asked = doomed.filter((_, at) => at >= count - inOneCall || at % 30 === index)
      for (const { credential } of asked) expect(await refusal(node, credential)).toBe('revoked_key')
    }),
  )
})
