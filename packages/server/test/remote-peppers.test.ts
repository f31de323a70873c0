import { createServer } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { keywright } from '@keywright/contracts'
import { createDigester, createVerifier, type RemoteKeys, remote, type Verifier } from '@keywright/core'
import { guard } from '@keywright/core/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type TestPostgres, testPostgres } from './support/postgres.ts'
import { startNode, type TestNode } from './support/start-node.ts'
import { serviceKey, startServer, type TestServer } from './support/start-server.ts'

const [a, b, wrong] = ['a', 'b', 'w'].map((letter) => letter.repeat(40)) as [string, string, string]
const pepperA = { id: 'a', value: a }
const pepperB = { id: 'b', value: b }

const open: RemoteKeys[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((keys) => keys.close()))
})

function follow(url: string, ...peppers: { id: string; value: string }[]): Verifier {
  const digester = createDigester(peppers)
  // What a verifier is told is tried here, and not how long it waits for a server that starts.
  const keys = remote({ url, serviceKey, digester, maxStalenessSeconds: 300 })
  open.push(keys)
  return createVerifier({ contract: keywright, keys })
}

describe('a verifier with remote keys, and peppers', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ contract: 'keywright', env: { KEYWRIGHT_PEPPERS: `a:${a}` } })
  })
  afterAll(() => server.stop())

  it.each([
    ['those of the server', [pepperA]],
    ['a new one before them, or more', [pepperB, pepperA, { id: 'c', value: wrong }]],
    ['the same under another name', [{ id: 'old', value: a }]],
  ])('accepts keys of the server with %s', async (_, peppers) => {
    const { credential } = await server.issue({ limits: [] })
    expect(await follow(server.control, ...peppers).verify({ credential })).toMatchObject({ allowed: true })
  })

  it.each([
    ['none', [], /has pepper 'a', which this process has not/],
    ['others', [pepperB], /has pepper 'a', which this process has not/],
    ['another value', [{ id: 'a', value: wrong }], /has another pepper 'a' than this process/],
  ])('calls no key of the server unknown with %s, and says what to do', async (_, peppers, message) => {
    const { credential } = await server.issue({ limits: [] })
    const verifier = follow(server.control, ...peppers)
    for (let times = 0; times < 2; times++) {
      const answer = (async () => verifier.verify({ credential }))()
      await expect(answer).rejects.toMatchObject({ code: 'remote_peppers', message: expect.stringMatching(message) })
      await expect(answer).rejects.toThrow(/Give remote a digester/)
    }
  })

  it('takes no other digester than its keys are found by', () => {
    const keys = remote({ url: server.control, serviceKey, digester: createDigester([pepperA]) })
    open.push(keys)
    const digester = createDigester([pepperB])
    expect(() => createVerifier({ contract: keywright, keys, digester })).toThrow(/found by another digester/)
  })

  it('answers 503 through a guard', async () => {
    const { credential } = await server.issue({ limits: [] })
    const failures: unknown[] = []
    const onFailure = (error: unknown) => void failures.push(error)
    const guarded = guard(follow(server.control), { onFailure })((_, response) => void response.end('let through'))
    const app = createServer(guarded).listen(0, '127.0.0.1')
    await new Promise((resolve) => app.once('listening', resolve))
    const { port } = app.address() as AddressInfo
    const response = await fetch(`http://127.0.0.1:${port}/v1/x`, {
      headers: { authorization: `Bearer ${credential}` },
    })
    expect([response.status, failures]).toEqual([503, [expect.objectContaining({ code: 'remote_peppers' })]])
    app.close()
  })
})

describe('a verifier whose server is given another pepper meanwhile', () => {
  let postgres: TestPostgres
  beforeAll(async () => {
    postgres = await testPostgres()
  })
  afterAll(() => postgres.stop())

  it('calls nothing unknown at any time, and goes on with what it knows', { timeout: 60_000 }, async () => {
    const database = await postgres.createDatabase()
    const before = await startNode(database, { KEYWRIGHT_PEPPERS: `a:${a}` })
    await before.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
    const older = [await make(before), await make(before)] as const
    // The server's address stays, whatever node is behind it.
    const wire = createRelay(before)
    const verifier = follow(await wire.url, pepperA)
    expect(await verdict(verifier, older[0])).toBe('allowed')
    await before.stop()
    const after = await startNode(database, { KEYWRIGHT_PEPPERS: `b:${b},a:${a}` })
    const newer = await make(after)
    wire.to(after)
    // Before it has heard anything else of the new one.
    expect(await verdict(verifier, newer)).toBe('remote_peppers')
    expect(await verdict(verifier, older[1])).toBe('allowed')
    const informed = follow(await wire.url, pepperA, pepperB)
    expect(await Promise.all([...older, newer].map((key) => verdict(informed, key)))).toEqual(Array(3).fill('allowed'))
    const partly = follow(await wire.url, { id: 'c', value: wrong }, pepperA)
    expect(await verdict(partly, older[0])).toBe('allowed')
    expect(await verdict(partly, newer)).toBe('remote_peppers')
    await Promise.all(open.splice(0).map((keys) => keys.close()))
    wire.close()
    await after.stop()
  })
})

async function make(node: TestNode): Promise<string> {
  const { json } = await node.api('POST', '/v1/keys', { body: { organization: 'acme', name: 'key', limits: [] } })
  return json.credential
}

async function verdict(verifier: Verifier, credential: string): Promise<unknown> {
  try {
    const outcome = await verifier.verify({ credential })
    return outcome.allowed ? 'allowed' : outcome.reason
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

/** An address of its own in front of one node after the other. */
function createRelay(first: TestNode) {
  let node = first
  const server = createTcpServer((from) => {
    const to = connect(Number(new URL(node.control).port), '127.0.0.1')
    for (const [socket, other] of [
      [from, to],
      [to, from],
    ] as const) {
      socket.pipe(other)
      socket.on('error', () => other.destroy())
    }
  }).listen(0, '127.0.0.1')
  const url = new Promise<string>((resolve) => {
    server.once('listening', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  })
  return {
    url,
    to(other: TestNode) {
      node = other
    },
    close: () => void server.close(),
  }
}
