import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseContract } from '../contract/parse.ts'
import { issue } from '../lifecycle/issue.ts'
import { revoke } from '../lifecycle/revoke.ts'
import type { FoundKey } from '../store/store.ts'
import { type InMemory, inMemory, testActor } from '../testing/in-memory.ts'
import { createVerifier, type Verifier } from '../verify/verifier.ts'
import { type RemoteKeys, remote } from './remote.ts'

const contract = parseContract({
  name: 'acme',
  title: 'Acme',
  credential: { sources: [{ header: 'X-Acme-Key' }], whenSeveral: 'refuse' },
  key: {
    random: { alphabet: 'base62', length: 43 },
    checksum: true,
    forms: [{ prefix: 'acme_', environment: 'live', kind: 'secret' }],
  },
  permissions: { offered: { read: 'Read' } },
  body: { json: { error: '{message}' } },
  docs: { variable: 'ACME_API_KEY', organization: 'organization', example: { method: 'GET', path: '/v1/things' } },
})

let acme: InMemory
let keys: RemoteKeys
let verifier: Verifier
/** What the server says of its change log. */
let news: { number: number; hash?: unknown; reset: unknown; changes: unknown; more: unknown }
let peppers: unknown
/** Polls, and keys that were asked for by id, which are answered once this resolves. */
let noted: string[]
let answering: Promise<void>
/** How many keys are being asked for by digest, which are answered once this resolves. */
let lookedFor: number
let finding: Promise<void>
/** When each poll came, and for how many seconds it may be kept waiting. */
let polls: { atMs: number; wait: number }[]
/** What polls are refused with; null where they are not. */
let refusal: { status: number; 'retry-after': string } | null
/** How long polls are on their way. */
let delayMs: number
/** Instead of what is true of keys that are asked for by digest. */
let foundAs: Partial<FoundKey>
let polling: ServerResponse | null = null

const server = createServer(async (request, response) => {
  const { method, url = '' } = request
  if (method === 'POST') {
    const { digest, key } = (await json(request)) as { digest?: string; key?: string }
    const found = await (digest ? acme.store.find(digest) : acme.store.found(key as string))
    if (key) {
      noted.push('key asked for')
      await answering
    } else {
      lookedFor++
      await finding
      lookedFor--
    }
    response.end(JSON.stringify({ found: found ? { ...found, ...foundAs } : null, peppers }))
    return
  }
  const query = new URL(url, 'http://a').searchParams
  const after = query.get('after')
  noted.push(`poll after ${after}`)
  const wait = Number(query.get('wait'))
  if (method === 'GET') polls.push({ atMs: performance.now(), wait })
  if (refusal) {
    response.writeHead(refusal.status, { 'retry-after': refusal['retry-after'] }).end()
    return
  }
  if (method === 'GET' && delayMs > 0) await setTimeout(delayMs)
  if (method === 'GET' && wait > 0 && after === String(news.number) && !news.more) polling = response
  else response.end(JSON.stringify({ hash: 'h', ...news }))
})

beforeEach(async () => {
  news = { number: 0, reset: true, changes: [], more: false }
  peppers = []
  noted = []
  polls = []
  refusal = null
  delayMs = 0
  foundAs = {}
  answering = Promise.resolve()
  lookedFor = 0
  finding = Promise.resolve()
  acme = inMemory({ contract })
  await acme.organization()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  keys = remote({ url, serviceKey: 'kwo_x', maxStalenessSeconds: 300 })
  verifier = createVerifier({ contract, keys, now: acme.clock.now })
})
afterEach(async () => {
  await keys.close()
  server.closeAllConnections()
  server.close()
})

function tell(next: typeof news): void {
  news = next
  polling?.end(JSON.stringify({ hash: 'h', ...news }))
}

async function verdictOn(credential: string, asked = verifier): Promise<string> {
  try {
    const outcome = await asked.verify({ credential })
    return outcome.allowed ? 'allowed' : outcome.reason
  } catch (error) {
    return (error as { code: string }).code
  }
}

const newKey = () => issue(acme.lifecycle, testActor, { organization: 'acme', name: 'test' })

describe('a verifier that follows a server', () => {
  it('accepts nothing before it has heard of all changes', async () => {
    const { credential } = await newKey()
    news.more = true
    expect(await verdictOn(credential)).toBe('stale')
    tell({ ...news, number: 1, more: false })
    await expect.poll(() => verdictOn(credential)).toBe('allowed')
  })

  it('accepts nothing on the word of an answer that was on its way for as long as it would hold', async () => {
    const { credential } = await newKey()
    delayMs = 3_010
    await keys.close()
    const { port } = server.address() as AddressInfo
    keys = remote({ url: `http://127.0.0.1:${port}`, serviceKey: 'kwo_x', maxStalenessSeconds: 3 })
    verifier = createVerifier({ contract, keys, now: acme.clock.now })
    expect(await verdictOn(credential)).toBe('stale')
  })

  it('does not ask without a pause where the server answers at once each time', async () => {
    const [before, startMs] = [noted.length, performance.now()]
    tell({ ...news, more: true })
    await expect.poll(() => noted.length).toBeGreaterThan(before + 20)
    // However slow this machine is, it is only more.
    expect(performance.now() - startMs).toBeGreaterThan(300)
  })

  it('leaves a server that cannot answer alone for as long as it asks, and then waits for news as before', async () => {
    await expect.poll(() => polls.at(-1)?.wait).toBe(5)
    refusal = { status: 503, 'retry-after': '2' }
    tell(news)
    await expect.poll(() => polls).toHaveLength(4)
    refusal = null
    await expect.poll(() => polls).toHaveLength(6)
    expect(polls.map(({ wait }) => wait)).toEqual([0, 5, 5, 0, 0, 5])
    const [last, next] = polls.slice(3, 5).map(({ atMs }) => atMs) as [number, number]
    // However slow this machine is, it is only more.
    expect(next - last).toBeGreaterThan(1_900)
  })

  it('forgets all keys where the server says so', async () => {
    const { credential, key } = await newKey()
    expect(await verdictOn(credential)).toBe('allowed')
    await revoke(acme.lifecycle, testActor, key.id)
    tell({ ...(await acme.store.head()), reset: true, changes: [], more: false })
    await expect.poll(() => verdictOn(credential)).toBe('revoked_key')
  })

  it('forgets all keys, once, where the server has fewer changes than one was read with', async () => {
    const { credential, key } = await newKey()
    expect(await verdictOn(credential)).toBe('allowed')
    foundAs = { readAt: 1, readHash: 'h' }
    expect(await verdictOn((await newKey()).credential)).toBe('allowed')
    await revoke(acme.lifecycle, testActor, key.id)
    const fewer = { number: 1, reset: false, changes: [], more: false }
    tell({ ...fewer, changes: [{ number: 1, hash: 'h', action: 'key.created', target: 'key_other' }] })
    // What is sent from now on, the server answers after it was asked for the key.
    await expect.poll(() => noted.at(-1)).toBe('poll after 1')
    const asked = noted.length
    tell({ ...fewer, more: true })
    await expect.poll(() => noted.length).toBeGreaterThan(asked + 1)
    expect(verifier.verify({ credential })).toMatchObject({ allowed: true })
    // Again and again: a poll that comes just after it is kept waiting.
    const told = () => {
      tell(fewer)
      return verdictOn(credential)
    }
    await expect.poll(told).toBe('revoked_key')
    const { length } = noted
    tell(fewer)
    await expect.poll(() => noted.length).toBe(length + 1)
    expect(verifier.verify({ credential })).toMatchObject({ reason: 'revoked_key' })
  })

  it('forgets all keys where the server has another change in the place of one that a key was read with', async () => {
    const { credential, key } = await newKey()
    news.number = 1
    expect(await verdictOn(credential)).toBe('allowed')
    await revoke(acme.lifecycle, testActor, key.id)
    const other = { number: 2, hash: 'h', action: 'key.created', target: 'key_other' }
    tell({ number: 2, reset: false, changes: [other], more: false })
    await expect.poll(() => verdictOn(credential)).toBe('revoked_key')
  })

  it('forgets all keys where two of them were read with one number, but with different changes', async () => {
    news.number = 1
    const { credential, key } = await newKey()
    expect(await verdictOn(credential)).toBe('allowed')
    foundAs = { readAt: 2, readHash: 'other' }
    expect(await verdictOn((await newKey()).credential)).toBe('allowed')
    await revoke(acme.lifecycle, testActor, key.id)
    foundAs = {}
    const other = { number: 2, hash: 'other', action: 'key.created', target: 'key_other' }
    tell({ number: 2, hash: 'other', reset: false, changes: [other], more: false })
    await expect.poll(() => verdictOn(credential)).toBe('revoked_key')
  })

  it('follows it once for all verifiers that share its keys, and each of them hears of every change', async () => {
    const second = createVerifier({ contract, keys, now: acme.clock.now })
    const { credential, key } = await newKey()
    expect([await verdictOn(credential), await verdictOn(credential, second)]).toEqual(['allowed', 'allowed'])
    await revoke(acme.lifecycle, testActor, key.id)
    const { number, hash } = await acme.store.head()
    tell({ number, hash, reset: false, changes: await acme.store.changes(0, 10), more: false })
    await expect.poll(() => verdictOn(credential)).toBe('revoked_key')
    expect(await verdictOn(credential, second)).toBe('revoked_key')
    await expect.poll(() => noted.at(-1)).toBe(`poll after ${number}`)
    expect(noted.filter((one) => one.startsWith('poll'))).toEqual([
      'poll after null',
      'poll after 0',
      `poll after ${number}`,
    ])
  })

  it('believes no answer from before the change that it began with', async () => {
    const { credential } = await newKey()
    news.number = 3
    await expect(verifier.verify({ credential })).rejects.toThrow('older than changes')
  })

  it('believes no answer of another history than the one it has heard of', async () => {
    const { credential } = await newKey()
    news = { ...news, number: 2, hash: 'another' }
    await expect(verifier.verify({ credential })).rejects.toThrow('older than changes')
  })

  it('believes an answer from before the last change it has heard of, and none from a history it has given up', async () => {
    const { credential } = await newKey()
    const other = { hash: 'h', action: 'key.created', target: 'key_other' }
    const changes = [
      { ...other, number: 1 },
      { ...other, number: 2 },
    ]
    tell({ number: 2, reset: false, changes, more: false })
    await expect.poll(() => noted.at(-1)).toBe('poll after 2')
    foundAs = { readAt: 1, readHash: 'h' }
    expect(await verdictOn(credential)).toBe('allowed')
    tell({ number: 3, hash: 'another', reset: true, changes: [], more: false })
    await expect.poll(() => noted.at(-1)).toBe('poll after 3')
    await expect(verifier.verify({ credential })).rejects.toThrow('older than changes')
  })

  it('asks for 64 keys at once, others in turn, and hears of changes meanwhile', async () => {
    const issued = await Promise.all(Array.from({ length: 100 }, newKey))
    let find = () => {}
    finding = new Promise((resolve) => {
      find = resolve
    })
    const verdicts = issued.map(({ credential }) => verdictOn(credential))
    await expect.poll(() => lookedFor).toBe(64)
    const [first] = await acme.store.changes(0, 1)
    tell({ number: 1, hash: first?.hash, reset: false, changes: [first], more: false })
    await expect.poll(() => noted.at(-1)).toBe('poll after 1')
    expect(lookedFor).toBe(64)
    find()
    expect(new Set(await Promise.all(verdicts))).toEqual(new Set(['allowed']))
  })

  it('says that it has heard of a change once that is in force', async () => {
    const { credential, key } = await newKey()
    expect(await verdictOn(credential)).toBe('allowed')
    await revoke(acme.lifecycle, testActor, key.id)
    let answer = () => {}
    answering = new Promise((resolve) => {
      answer = resolve
    })
    const changes = await acme.store.changes(0, 10)
    const { number, hash } = await acme.store.head()
    tell({ number, hash, reset: false, changes, more: false })
    await expect.poll(() => noted).toContain('key asked for')
    // What was sent before these has come by then.
    for (let calls = 0; calls < 5; calls++) await keys.find('0'.repeat(64))
    expect(noted.at(-1)).toBe('key asked for')
    answer()
    await expect.poll(() => noted.at(-1)).toBe(`poll after ${number}`)
    expect(await verdictOn(credential)).toBe('revoked_key')
  })

  it.each([
    { reset: null },
    { more: null },
    { changes: {} },
    { changes: [null] },
    { changes: [{ number: '1', hash: 'h', action: 'key.revoked', target: 'key_1' }] },
    { changes: [{ number: 1, action: 'key.revoked', target: 'key_1' }] },
    { changes: [{ number: 1, hash: 'h', action: null, target: 'key_1' }] },
    { changes: [{ number: 1, hash: 'h', action: 'key.revoked' }] },
    { changes: [{ number: 2, hash: 'h', action: 'key.revoked', target: 'key_1' }], number: 2, reset: false },
    { changes: [{ number: 1, hash: 'h', action: 'key.revoked', target: 'key_1' }], number: 2, reset: false },
    { changes: [{ number: 1, hash: 'other', action: 'key.revoked', target: 'key_1' }], number: 1, reset: false },
    { number: 0.5 },
    { hash: 1 },
  ])('accepts nothing on the word of a server that says %j', async (broken) => {
    const { credential } = await newKey()
    news = { ...news, ...broken }
    expect(await verdictOn(credential)).toBe('stale')
  })

  it('takes a key that is gone for gone, whatever peppers the server has, and no secret for unknown', async () => {
    peppers = [{ id: 'p', fingerprint: 'f' }]
    expect(await keys.found('key_gone')).toBeUndefined()
    await expect(keys.find('0'.repeat(64))).rejects.toMatchObject({ code: 'remote_peppers' })
  })

  it.each([undefined, {}, [null], [{ id: 'p' }], [{ id: 1, fingerprint: 'f' }]])(
    'calls nothing unknown on the word of a server whose peppers are %j',
    async (broken) => {
      const { credential } = await newKey()
      peppers = broken
      expect(await verdictOn(credential)).toBe('remote_malformed')
    },
  )
})
