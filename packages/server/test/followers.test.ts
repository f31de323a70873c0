import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createVerifier, type Outcome, type RemoteKeys, remote, rotate, suspend, type Verifier } from '@keywright/core'
import { guard } from '@keywright/core/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { controlApi } from './support/control-api.ts'
import { layWire } from './support/network/relayed-wire.ts'
import { becomeOperator } from './support/people.ts'
import { serviceKey, startServer, type TestServer, tester } from './support/start-server.ts'

let server: TestServer
const open: RemoteKeys[] = []

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((keys) => keys.close()))
})
afterAll(() => server.stop())

function follow({ url = server.control, key = serviceKey, maxStalenessSeconds = 10 } = {}): Verifier {
  const keys = remote({ url, serviceKey: key, maxStalenessSeconds })
  open.push(keys)
  return createVerifier({ contract: server.lifecycle.contract, keys })
}

/** Of a process whose clock is a minute behind. */
async function verdictOfSlowClock(credential: string): Promise<string> {
  const keys = remote({ url: server.control, serviceKey })
  open.push(keys)
  const { contract } = server.lifecycle
  return ask(createVerifier({ contract, keys, now: () => Date.now() - 60_000 }), credential)
}

const verdict = (outcome: Outcome) => (outcome.allowed ? 'allowed' : outcome.reason)
const ask = async (verifier: Verifier, credential: string) => verdict(await verifier.verify({ credential }))

const unreachable = {
  code: 'stale',
  message: expect.stringContaining('http://127.0.0.1:1 does not answer'),
  cause: expect.objectContaining({ code: 'remote_unreachable' }),
}
const refused = {
  code: 'stale',
  message: expect.stringContaining('does not take the service key'),
  cause: expect.objectContaining({ code: 'remote_refused' }),
}

async function untilStale(verifier: Verifier, credential: string): Promise<never> {
  for (;;) {
    await ask(verifier, credential)
    await sleep(20)
  }
}

/** A change on the server needs no more than this to be in force with followers, plus what a busy machine takes. */
async function until(expected: string, verifier: Verifier, credential: string): Promise<void> {
  while ((await ask(verifier, credential)) !== expected) await sleep(10)
}

describe('a verifier with remote keys', () => {
  it('says of a key what the server says', async () => {
    const verifier = follow()
    const { credential, key } = await server.issue({
      permissions: ['reports:read'],
      metadata: { refreshedAt: 'never' },
    })
    expect(await verifier.verify({ credential, permissions: ['reports:read'] })).toEqual(
      expect.objectContaining({
        allowed: true,
        principal: expect.objectContaining({ key: key.id, organization: 'acme' }),
      }),
    )
    const other = credential.endsWith('x') ? 'y' : 'x'
    expect(await ask(verifier, `${credential.slice(0, -1)}${other}`)).toBe('malformed_credential')
    expect(await ask(verifier, credential)).toBe('allowed')
  })

  it('asks for a key once', async () => {
    const verifier = follow()
    const { credential } = await server.issue()
    await verifier.verify({ credential })
    expect(verifier.verify({ credential })).not.toBeInstanceOf(Promise)
  })

  it('refuses a key once it is revoked on the server', async () => {
    const verifier = follow()
    const { credential, key } = await server.issue()
    expect(await ask(verifier, credential)).toBe('allowed')
    await server.revoke(key.id)
    await until('revoked_key', verifier, credential)
  })

  it('is waited for by a receipt, and has applied the change once the receipt is complete', async () => {
    const verifier = follow()
    const { credential, key } = await server.issue()
    expect(await ask(verifier, credential)).toBe('allowed')
    const api = controlApi(server.control)
    const { status, json } = await api('POST', `/v1/keys/${key.id}/revoke?wait=all`)
    expect(status).toBe(200)
    expect(await ask(verifier, credential)).toBe('revoked_key')
    const receipt = await api('GET', `/v1/receipts/${json.receipt}`)
    expect(receipt.json.appliedBy.map(({ node }: { node: string }) => node)).toContainEqual(
      expect.stringMatching(/^follower:follower_/),
    )
  })

  it('follows rotation, suspension and keys that it had called unknown', async () => {
    const verifier = follow()
    const { credential, key } = await server.issue()
    expect(await ask(verifier, credential)).toBe('allowed')
    const rotated = await rotate(server.lifecycle, tester, key.id, { graceSeconds: 0 })
    await until('retired_secret', verifier, credential)
    expect(await verdictOfSlowClock(credential)).toBe('retired_secret')
    expect(await ask(verifier, rotated.credential)).toBe('allowed')
    await suspend(server.lifecycle, tester, key.id)
    await until('suspended_key', verifier, rotated.credential)
  })

  it('rejects from the start where there is no server, or where the service key is refused', async () => {
    const { credential } = await server.issue()
    await expect(ask(follow({ url: 'http://127.0.0.1:1' }), credential)).rejects.toMatchObject(unreachable)
    await expect(ask(follow({ key: 'kwo_nobody' }), credential)).rejects.toMatchObject(refused)
  })

  it('tells a guard why there is no verdict, and the caller nothing of it', async () => {
    const told: unknown[] = []
    const onFailure = (error: unknown) => void told.push(error)
    const app = createServer(guard(follow({ key: 'kwo_nobody' }), { onFailure })(() => {}))
    const { credential } = await server.issue()
    const answer = await fetch(await listening(app), { headers: { authorization: `Bearer ${credential}` } })
    expect([answer.status, await answer.text()]).toEqual([503, expect.not.stringContaining('service key')])
    expect(told).toEqual([expect.objectContaining(refused)])
    app.close()
  })
})

it('a verifier whose source is closed accepts nothing any more, and receipts do not wait for it', async () => {
  const verifier = follow()
  const { credential, key } = await server.issue()
  expect(await ask(verifier, credential)).toBe('allowed')
  await open.pop()?.close()
  await expect(ask(verifier, credential)).rejects.toMatchObject({ code: 'stale' })
  const { json } = await controlApi(server.control)('POST', `/v1/keys/${key.id}/revoke`)
  const receipt = await controlApi(server.control)('GET', `/v1/receipts/${json.receipt}`)
  expect(receipt.json).toMatchObject({ pending: [], complete: true })
})

describe('a verifier whose server is cut off', () => {
  it('goes on for maxStaleness, then rejects, and comes back without a restart', async () => {
    const wire = await layWire({ address: '127.0.0.1', port: Number(new URL(server.control).port) })
    const verifier = follow({ url: `http://127.0.0.1:${wire.port}`, maxStalenessSeconds: 3 })
    const { credential } = await server.issue()
    expect(await ask(verifier, credential)).toBe('allowed')
    await wire.cut()
    expect(await ask(verifier, credential)).toBe('allowed')
    while (
      await ask(verifier, credential).then(
        () => true,
        () => false,
      )
    )
      await sleep(20)
    await expect(ask(verifier, credential)).rejects.toMatchObject({ code: 'stale' })
    await wire.mend()
    while (
      await ask(verifier, credential).then(
        () => false,
        () => true,
      )
    )
      await sleep(20)
    await wire.close()
  })

  it('goes on without a gap where its connections have died without a word, and new ones are to be had', async () => {
    const wire = await layWire({ address: '127.0.0.1', port: Number(new URL(server.control).port) })
    const verifier = follow({ url: `http://127.0.0.1:${wire.port}`, maxStalenessSeconds: 20 })
    const issued = await Promise.all(Array.from({ length: 8 }, () => server.issue()))
    await Promise.all(issued.map(({ credential }) => ask(verifier, credential)))
    const { credential, key } = await server.issue()
    expect(await ask(verifier, credential)).toBe('allowed')
    wire.hush()
    await server.revoke(key.id)
    await until('revoked_key', verifier, credential)
    await wire.close()
  })

  it('rejects with the reason once its service key is revoked on the server', async () => {
    const api = controlApi(server.control)
    const body = { name: 'mine', permissions: ['verify'] }
    const { id, credential: key } = (await api('POST', '/v1/service-keys', { body })).json
    const verifier = follow({ key, maxStalenessSeconds: 3 })
    const { credential } = await server.issue()
    expect(await ask(verifier, credential)).toBe('allowed')
    await api('POST', `/v1/service-keys/${id}/revoke`)
    await expect(untilStale(verifier, credential)).rejects.toMatchObject(refused)
  })

  it.each([
    ['5xx', (_: unknown) => ({ status: 500, body: '{}' })],
    ['a cut answer', () => ({ status: 200, body: '{"found":{"key":' })],
    ['an answer of something else', () => ({ status: 200, body: '<html>' })],
    ['an answer without what is asked for', () => ({ status: 200, body: '{"allowed":true}' })],
  ])('never takes %s for a verdict', async (_, answer) => {
    const other = await pretender(answer)
    const { credential } = await server.issue()
    await expect(ask(follow({ url: other.url }), credential)).rejects.toThrow()
    other.server.close()
  })

  it('does not take its service key elsewhere when it is redirected', async () => {
    const asked: (string | undefined)[] = []
    const elsewhere = await pretender((authorization) => {
      asked.push(authorization)
      return { status: 200, body: '{}' }
    })
    const other = await pretender(() => ({ status: 307, body: '', location: elsewhere.url }))
    const { credential } = await server.issue()
    await expect(ask(follow({ url: other.url }), credential)).rejects.toThrow()
    expect(asked).toEqual([])
    other.server.close()
    elsewhere.server.close()
  })
})

describe('following the change log', () => {
  const api = (path: string, init: RequestInit = {}, credential = serviceKey) =>
    fetch(server.control + path, {
      ...init,
      headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
    })
  const changes = async (query: string) => (await api(`/v1/changes?follower=me&maxStaleness=1&${query}`)).json()

  it('starts with a reset, goes on with what came since, and starts anew where the change is not known', async () => {
    const start = (await changes('')) as { reset: boolean; number: number; hash: string }
    expect(start.reset).toBe(true)
    const { key } = await server.issue()
    expect(await changes(`after=${start.number}&hash=${start.hash}`)).toMatchObject({
      reset: false,
      changes: [{ number: start.number + 1, action: 'key.created', target: key.id }],
      number: start.number + 1,
      more: false,
    })
    expect(await changes(`after=${start.number}&hash=${'0'.repeat(64)}`)).toMatchObject({ reset: true, changes: [] })
    expect(await changes(`after=${start.number + 1}&hash=${start.hash}`)).toMatchObject({ reset: true, changes: [] })
    expect(await changes(`after=99999&hash=${start.hash}`)).toMatchObject({ reset: true, changes: [] })
  })

  it('does not keep who follows another history waiting, as keys that they accept may be gone', async () => {
    const { number, hash } = (await changes('')) as { number: number; hash: string }
    const upToDate = changes(`after=${number}&hash=${hash}&wait=2`)
    const elsewhere = changes(`after=${number}&hash=${'0'.repeat(64)}&wait=5`)
    expect(await Promise.race([upToDate, elsewhere])).toMatchObject({ reset: true, number, hash })
    expect(await upToDate).toMatchObject({ reset: false, changes: [], number, hash })
  })

  it('is not taken for applied by who follows another history', async () => {
    const { key } = await server.issue()
    await changes(`after=99999&hash=${'0'.repeat(64)}`)
    const revoked = await (await api(`/v1/keys/${key.id}/revoke`, { method: 'POST', body: '{}' })).json()
    const { number, hash } = (await changes('')) as { number: number; hash: string }
    await changes(`after=${number}&hash=${'0'.repeat(64)}`)
    await server.issue()
    await changes(`after=${number}&hash=${'0'.repeat(64)}`)
    const receipt = await (await api(`/v1/receipts/${(revoked as { receipt: string }).receipt}`)).json()
    expect(JSON.stringify((receipt as { appliedBy: unknown }).appliedBy)).not.toContain('follower:me')
    await changes(`after=${number}&hash=${hash}`)
    const later = await (await api(`/v1/receipts/${(revoked as { receipt: string }).receipt}`)).json()
    expect(JSON.stringify((later as { appliedBy: unknown }).appliedBy)).toContain('follower:me')
  })

  it('is for service keys with verify that are bound to no organization', async () => {
    const { browser } = await becomeOperator(server)
    const made = async (body: object) =>
      (
        (await (
          await api('/v1/service-keys', { method: 'POST', body: JSON.stringify({ name: 'x', ...body }) })
        ).json()) as {
          credential: string
        }
      ).credential
    const asked = { digest: '0'.repeat(64) }
    const body = JSON.stringify(asked)
    for (const [credential, status] of [
      [await made({ permissions: ['verify'] }), 200],
      [await made({ permissions: ['manage'] }), 403],
      [await made({ permissions: ['verify'], organization: 'acme' }), 403],
    ] as const) {
      expect((await api('/v1/changes?follower=me&maxStaleness=1', {}, credential)).status).toBe(status)
      expect((await api('/v1/followers/keys', { method: 'POST', body }, credential)).status).toBe(status)
    }
    expect((await browser.call('GET', '/v1/changes?follower=me&maxStaleness=1')).status).toBe(403)
    expect((await browser.call('POST', '/v1/followers/keys', asked)).status).toBe(403)
    expect((await browser.call('DELETE', '/v1/followers/me')).status).toBe(403)
  })

  it.each(['{}', '{"digest":"short"}', `{"digest":"${'0'.repeat(64)}","key":"key_1"}`])('refuses %s', async (body) => {
    expect((await api('/v1/followers/keys', { method: 'POST', body })).status).toBe(422)
  })

  it('has no secret of a key, and nothing of it that verification does not need', async () => {
    const { key } = await server.issue({ metadata: { cost_center: 'c-17' } })
    const answer = await api('/v1/followers/keys', { method: 'POST', body: JSON.stringify({ key: key.id }) })
    const text = await answer.text()
    expect(text).toContain(key.versions[0]?.digest)
    expect(text).not.toContain('c-17')
    expect(text).not.toContain('hint')
  })
})

it('a service key does not go over a network unencrypted unless that is said', () => {
  const options = { url: 'http://keywright.example.com', serviceKey }
  const hosts = ['keywright.example.com', 'localhost.example.com', 'notlocalhost', '127.0.0.1.example.com', '10.0.0.1']
  for (const host of hosts) {
    expect(() => remote({ serviceKey, url: `http://${host}` })).toThrow()
  }
  for (const url of ['https://keywright.example.com', 'http://localhost:1', 'http://127.0.0.2:1', 'http://[::1]:1']) {
    expect(() => remote({ serviceKey, url })).not.toThrow()
  }
  expect(() => remote(options)).toThrow(/https/)
  expect(() => remote({ ...options, unencrypted: true })).not.toThrow()
  for (const maxStalenessSeconds of [2, 3.5, 3601]) {
    expect(() => remote({ ...options, unencrypted: true, maxStalenessSeconds })).toThrow(RangeError)
  }
})

async function pretender(
  answer: (authorization: string | undefined) => { status: number; body: string; location?: string },
): Promise<{ url: string; server: Server }> {
  const pretending = createServer(({ headers }, response) => {
    const { status, body, location } = answer(headers.authorization)
    response.writeHead(status, { 'content-type': 'application/json', ...(location && { location }) }).end(body)
  })
  return { url: await listening(pretending), server: pretending }
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
