import { setTimeout } from 'node:timers/promises'
import { createVerifier, type Issued, parseContract, rotate } from '@keywright/core'
import BetterSqlite3 from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRecorder } from '../../src/usage/recorder.ts'
import { tester } from '../support/start-server.ts'
import { contract, type Node, type Recorded, startRecorded } from './recorded.ts'

const all = { stepMs: 86_400_000, skip: 0, limit: 1000 }

let recorded: Recorded
let node: Node
let key: Issued
beforeEach(async () => {
  recorded = await startRecorded({ retention: { usageDays: 400, callersDays: 90, decisionsDays: 30 } })
  node = recorded.node()
  key = await recorded.issue()
})
afterEach(() => recorded.close())

function use(credential: string, { ip = '192.0.2.1', path = '/v1/items/7', userAgent = 'curl' } = {}) {
  const headers = ['User-Agent', userAgent, 'Authorization', `Bearer ${credential}`]
  return node.verifier.verify({ headers, ip, path, method: 'GET' })
}

async function counted(filter: object = {}): Promise<number> {
  const groups = await node.usage.counts({ ...all, by: [], ...filter })
  return groups.reduce((sum, { count }) => sum + count, 0)
}

describe('a flood of refusals', () => {
  it('is counted in full and kept in part, and what is dropped is counted', async () => {
    for (let i = 0; i < 20_000; i++)
      use('kw_live_x', { ip: `2001:db8::${i.toString(16)}`, path: `/${'p'.repeat((i % 30) + 1)}/`, userAgent: `${i}` })
    expect(await counted({ verdict: 'malformed_credential' })).toBe(20_000)
    const kept = await node.usage.decisions({ limit: 30_000 })
    const dropped = await node.usage.dropped({}, 'refusals')
    const written = await recorded.store.usage.refusals({ limit: 30_000 })
    expect(written.length + dropped).toBe(20_000)
    expect(recorded.dropped.refusals).toBe(dropped)
    expect(written).toHaveLength(256)
    expect(kept[0]).toMatchObject({ address: '2001:db8::4e1f', userAgent: '19999' })
    const routes = await node.usage.counts({ ...all, by: ['route'] })
    expect(routes.map(({ route }) => route)).toEqual(['/**'])
  })

  it('by strangers does not push out what is known of a key', async () => {
    await use(key.credential)
    for (let i = 0; i < 2000; i++) await use(key.credential.replace(/.$/, i % 2 ? '!' : '?'))
    expect(await node.usage.callers({ key: key.key.id })).toMatchObject([{ allowed: 1 }])
    expect(await counted({ key: key.key.id })).toBe(1)
  })
})

it('a request that needs no credential is nobody’s use, and pushes out none of the latest decisions', async () => {
  const open = parseContract({ ...contract, routes: [{ path: '/open', access: 'anonymous' }] })
  const recorder = createRecorder({ contract: open, redact: (text) => text, decisions: 2 })
  const verifier = recorder.recording(createVerifier({ contract: open, keys: recorded.store }))
  for (let i = 0; i < 3; i++) await verifier.verify({ credential: key.credential, path: '/v1/items', method: 'GET' })
  for (let i = 0; i < 3; i++) {
    expect(await verifier.verify({ path: '/open', method: 'GET' })).toMatchObject({ allowed: true, principal: null })
  }
  expect([...recorder.recent()].map((decision) => decision.key)).toEqual([key.key.id, key.key.id])
  expect(recorder.tallies.lines).toBe(2)
})

describe('a key with very many callers', () => {
  it('keeps the latest of them, counts the others, and loses no count', async () => {
    for (let i = 0; i < 500; i++) {
      recorded.clock.nowMs += 1
      await use(key.credential, { ip: `10.0.${i >> 8}.${i & 255}` })
    }
    expect(await counted({ key: key.key.id })).toBe(500)
    const callers = await node.usage.callers({ key: key.key.id })
    expect(callers[0]).toMatchObject({ address: '10.0.1.243' })
    expect(callers.length + (await node.usage.dropped({ key: key.key.id }, 'callers'))).toBe(500)
    expect(await node.usage.lastUses([key.key.id])).toMatchObject([{ at: new Date(recorded.clock.nowMs) }])
  })

  it('still says when an old secret was last used, by a caller that others have pushed out', async () => {
    const { nowMs } = recorded.clock
    const { credential } = await rotate(recorded.lifecycle, tester, key.key.id, { graceSeconds: 3_600 })
    await use(key.credential)
    for (let i = 0; i < 100; i++) {
      recorded.clock.nowMs += 1
      await use(credential, { ip: `10.0.0.${i}` })
    }
    expect(await node.usage.lastUses([key.key.id])).toEqual([
      { key: key.key.id, version: 1, at: new Date(nowMs) },
      { key: key.key.id, version: 2, at: new Date(nowMs + 100) },
    ])
  })

  it('knows from when to when one called whose user agent holds now this credential, now that', async () => {
    const { nowMs } = recorded.clock
    const { credential: other } = await recorded.issue()
    for (const [index, held] of [key.credential, other, key.credential].entries()) {
      recorded.clock.nowMs = nowMs + index
      await use(key.credential, { userAgent: `tool ${held}` })
    }
    expect(await node.usage.callers({ key: key.key.id })).toMatchObject([
      { allowed: 3, firstSeenAt: new Date(nowMs), lastSeenAt: new Date(nowMs + 2) },
    ])
  })

  it('makes up at most a hundred routes in an hour', async () => {
    const words = Array.from(
      { length: 300 },
      (_, i) => `w${'abcdefghij'[i % 10]}${'abcdefghij'[((i / 10) % 10) | 0]}${'abc'[(i / 100) | 0]}`,
    )
    for (const word of words) await use(key.credential, { path: `/${word}/secret-${word}` })
    expect(await node.usage.counts({ ...all, by: ['route'] })).toHaveLength(101)
    recorded.clock.nowMs += 3_600_000
    await use(key.credential, { path: `/${words.at(-1)}` })
    const later = { ...all, since: new Date(recorded.clock.nowMs - 1_800_000), by: ['route'] as const }
    expect(await node.usage.counts(later)).toMatchObject([{ route: `/${words.at(-1)}/**`, count: 1 }])
  })
})

describe('what waits to be written', () => {
  it('is bounded whatever the database does: details go first, then the oldest counts, all of them counted', async () => {
    const recorder = createRecorder({
      contract,
      redact: (text) => text,
      now: () => recorded.clock.nowMs,
      mostLines: 200,
    })
    const inner = createVerifier({ contract, keys: recorded.store })
    const verifier = recorder.recording(inner)
    const keys = [key]
    for (let i = 0; i < 300; i++) keys.push(await recorded.issue())
    let most = 0
    for (const { credential } of keys) {
      for (const ip of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
        await verifier.verify({ credential, ip, path: '/v1/items/1' })
        most = Math.max(most, recorder.tallies.lines)
      }
    }
    expect(most).toBeLessThanOrEqual(210)
    recorder.tallies.close()
    const unwritten = recorder.tallies.take(50)
    if (unwritten) recorder.tallies.putBack(unwritten)
    let left = 0
    for (let chunk = recorder.tallies.take(50); chunk; chunk = recorder.tallies.take(50)) {
      left += chunk.dropped
      for (const tally of chunk.tallies) for (const { count } of tally.counts()) left += count
    }
    expect(left).toBe(3 * 301)
    expect(recorder.tallies.lines).toBe(0)
  })

  it('makes room by refusals of strangers too, and counts them', async () => {
    const recorder = createRecorder({ contract, redact: (text) => text, mostLines: 20 })
    const verifier = recorder.recording(createVerifier({ contract, keys: recorded.store }))
    for (let i = 0; i < 30; i++) await verifier.verify({ credential: 'kw_live_x' })
    recorder.tallies.close()
    const strangers = recorder.tallies.take(50)?.tallies ?? []
    expect(strangers.map(({ refusals, droppedRefusals }) => refusals.length + droppedRefusals)).toEqual([30])
    expect(strangers[0]?.lines).toBeLessThanOrEqual(20)
  })

  it('is written of months where that is all that can be, and of all else where months cannot', async () => {
    const other = new BetterSqlite3(recorded.file)
    const { usage } = recorded.store
    const written = async () => {
      const groups = await usage.usage({ ...all, by: [] })
      return [await usage.month('acme', '2026-11'), groups.reduce((sum, { count }) => sum + count, 0)]
    }
    await use(key.credential)
    other.exec('alter table kw_callers rename to kw_elsewhere')
    await expect(counted()).rejects.toThrow('no such table: kw_callers')
    expect(await written()).toEqual([1, 0])
    other.exec('alter table kw_elsewhere rename to kw_callers')
    other.exec('alter table kw_months rename to kw_elsewhere')
    await use(key.credential)
    await expect(counted()).rejects.toThrow('no such table: kw_months')
    other.exec('alter table kw_elsewhere rename to kw_months')
    expect(await written()).toEqual([1, 2])
    expect(await counted()).toBe(2)
    expect(await written()).toEqual([2, 2])
    other.close()
  })

  it('is kept while the database cannot be written to, and written once when it can', async () => {
    const other = new BetterSqlite3(recorded.file)
    other.exec('begin immediate')
    await use(key.credential)
    await expect(counted()).rejects.toThrow('database is locked')
    await use(key.credential)
    await expect(counted()).rejects.toThrow('database is locked')
    recorded.clock.nowMs += 3_600_000
    await use(key.credential)
    other.exec('rollback')
    other.close()
    expect(await counted()).toBe(3)
    expect(await counted()).toBe(3)
    expect(await node.usage.month('acme', new Date(recorded.clock.nowMs))).toBe(3)
  })
})

describe('what is kept', () => {
  const daysMs = (days: number) => days * 86_400_000

  it('ends with its time, each kind with its own', async () => {
    await use(key.credential)
    await use('kw_live_x')
    const left = async () => ({
      counts: await counted(),
      callers: (await node.usage.callers({ key: key.key.id })).length,
      refusals: (await recorded.store.usage.refusals({ limit: 10 })).length,
    })
    expect(await left()).toEqual({ counts: 2, callers: 1, refusals: 1 })
    recorded.clock.nowMs += daysMs(31)
    await node.usage.prune()
    expect(await left()).toEqual({ counts: 2, callers: 1, refusals: 0 })
    recorded.clock.nowMs += daysMs(60)
    await node.usage.prune()
    expect(await left()).toEqual({ counts: 2, callers: 0, refusals: 0 })
    recorded.clock.nowMs += daysMs(310)
    await node.usage.prune()
    expect(await left()).toEqual({ counts: 0, callers: 0, refusals: 0 })
    expect(await node.usage.lastUses([key.key.id])).toHaveLength(1)
  })

  it('is deleted a few hundred rows at a time', async () => {
    for (let i = 0; i < 1300; i++) {
      if (i % 250 === 0) await counted()
      await use('kw_live_x', { ip: `10.1.${i >> 8}.${i & 255}` })
    }
    await counted()
    expect((await recorded.store.usage.refusals({ limit: 2000 })).length).toBeGreaterThan(1200)
    recorded.clock.nowMs += daysMs(31)
    const before = new Date(recorded.clock.nowMs - daysMs(30))
    expect(await recorded.store.usage.prune('refusals', before, 500)).toBe(500)
    await node.usage.prune()
    expect(await recorded.store.usage.refusals({ limit: 2000 })).toEqual([])
  })

  it('of months is deleted a few at a time too, and the present one never', async () => {
    const { usage } = recorded.store
    const months = ['2025-01', '2025-02', '2025-03', '2026-11']
    for (const month of months) await usage.addMonths([{ organization: 'acme', month, used: 1 }])
    const before = new Date(recorded.clock.nowMs)
    expect(await usage.prune('usage', before, 2)).toBe(2)
    expect(await Promise.all(months.map((month) => usage.month('acme', month)))).toEqual([0, 0, 1, 1])
    expect(await usage.prune('usage', before, 2)).toBe(1)
    expect(await Promise.all(months.map((month) => usage.month('acme', month)))).toEqual([0, 0, 0, 1])
  })

  it('of one key is at most a thousand callers, the latest', async () => {
    for (let hour = 0; hour < 20; hour++) {
      for (let i = 0; i < 60; i++) await use(key.credential, { ip: `10.0.${hour}.${i}` })
      recorded.clock.nowMs += 3_600_000
    }
    await counted()
    const before = recorded.dropped.callers
    await node.usage.prune()
    expect(recorded.dropped.callers - before).toBe(200)
    const callers = await node.usage.callers({ key: key.key.id })
    expect(callers).toHaveLength(1000)
    expect(callers.some(({ address }) => address.startsWith('10.0.0.'))).toBe(false)
    expect(await node.usage.dropped({ key: key.key.id }, 'callers')).toBe(200)
    expect(await counted({ key: key.key.id })).toBe(1200)
  })

  it('is written in the background without being asked for', async () => {
    const fast = recorded.node({ flushEveryMs: 20 })
    fast.verifier.verify({ credential: key.credential })
    while ((await recorded.store.usage.lastUses([key.key.id])).length === 0) await setTimeout(10)
  })
})
