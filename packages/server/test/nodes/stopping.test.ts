import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startUpstream, type Upstream } from '../support/echo-upstream.ts'
import { here } from '../support/network/machine.ts'
import { layWire, type RelayedWire } from '../support/network/relayed-wire.ts'
import { type OwnPostgres, startPostgres } from '../support/postgres.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { startNode } from '../support/start-node.ts'

let postgres: OwnPostgres
let redis: TestRedis
let wires: [toPostgres: RelayedWire, toRedis: RelayedWire]
let upstream: Upstream
let mailbox: Server

beforeAll(async () => {
  postgres = await startPostgres()
  redis = await startRedis()
  wires = await Promise.all([layWire({ address: here.address, port: postgres.port }), layWire(placeOf(redis.url))])
  upstream = await startUpstream((_, response) => void response.write('data: the first of many\n\n'))
  // Takes connections, and says nothing ever.
  mailbox = createServer(() => {}).listen(0, '127.0.0.1')
  await once(mailbox, 'listening')
}, 60_000)
afterAll(async () => {
  await Promise.all(wires.map((wire) => wire.close()))
  await upstream.stop()
  await redis.stop()
  await postgres.stop()
  mailbox.close()
}, 60_000)

function placeOf(url: string): { address: string; port: number } {
  const { hostname, port } = new URL(url)
  return { address: hostname, port: Number(port) }
}

function through(url: string, { host, port }: RelayedWire): string {
  const other = new URL(url)
  other.host = `${host}:${port}`
  return other.href
}

describe('a node that is told to stop', () => {
  it('has stopped after ten seconds, whoever does not answer it', { timeout: 60_000 }, async () => {
    const [toPostgres, toRedis] = wires
    const node = await startNode(through(await postgres.createDatabase(), toPostgres), {
      KEYWRIGHT_SECRET: 'a-secret-so-that-people-can-be-invited',
      KEYWRIGHT_REDIS_URL: through(redis.url, toRedis),
      KEYWRIGHT_REDIS_LIMITS: 'leased',
      KEYWRIGHT_UPSTREAM: upstream.url,
      KEYWRIGHT_SMTP_URL: `smtp://127.0.0.1:${(mailbox.address() as AddressInfo).port}`,
      KEYWRIGHT_MAIL_FROM: 'Keys <keys@example.com>',
    })
    await node.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
    const { json } = await node.api('POST', '/v1/keys', { body: { organization: 'acme', name: 'key' } })
    const invitation = { email: 'ann@example.com', role: 'member' }
    const invited = await node.api('POST', '/v1/organizations/acme/invitations', { body: invitation })
    expect(invited.status).toBe(201)
    const stream = await fetch(`${node.edge}/v1/events`, { headers: { authorization: `Bearer ${json.credential}` } })
    expect(stream.status).toBe(200)
    await toPostgres.cut()
    await toRedis.cut()

    const ended = once(node.child, 'exit')
    node.child.kill('SIGTERM')
    // As those do who start and stop programs for others, after ten seconds; a busy machine needs some of its own.
    const enough = new AbortController()
    const killing = sleep(14_000, undefined, { signal: enough.signal }).then(
      () => node.child.kill('SIGKILL'),
      () => {},
    )
    const [code] = await ended
    enough.abort()
    await killing
    await stream.text().catch(() => {})
    expect(code).toBe(0)
  })
})
