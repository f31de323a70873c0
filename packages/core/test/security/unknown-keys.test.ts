import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  compileFormat,
  createDigester,
  createVerifier,
  importKey,
  importMany,
  issue,
  type KeySource,
  parseContract,
  publish,
  revoke,
} from '@keywright/core'
import { inMemory, testActor } from '@keywright/core/testing'
import { describe, expect, it } from 'vitest'
import { createCountingSource, createSlowSource, inMemoryThrough, settled } from '../support/sources.ts'

const contract = parseContract({ name: 'acme', key: { forms: [{ prefix: 'ak_' }] } })
const format = compileFormat(contract.key)
const random = () => format.mint({ environment: 'live', kind: 'secret' }).credential

async function start() {
  const all = inMemoryThrough(createCountingSource, { contract })
  await all.organization()
  return all
}

async function startSlow() {
  const { source: slow, ...all } = inMemoryThrough(createSlowSource, { contract })
  await all.organization()
  return { ...all, slow }
}

describe('a key that does not exist', () => {
  it('is hashed once for each pepper it may have been made under', async () => {
    const { store } = await start()
    const real = createDigester([
      { id: 'new', value: 'n'.repeat(32) },
      { id: 'old', value: 'o'.repeat(32) },
    ])
    let hashed = 0
    const digester: typeof real = {
      ...real,
      utf16(...asked) {
        hashed++
        return real.utf16(...asked)
      },
    }
    const verifier = createVerifier({ contract, keys: store, digester })
    expect(await verifier.verify({ credential: random() })).toMatchObject({ reason: 'unknown_key' })
    expect(hashed).toBe(digester.count)
  })

  it('is looked up once a second at most', async () => {
    const { verifier, source, clock } = await start()
    const credential = random()
    for (let i = 0; i < 10; i++) {
      expect(verifier.verify({ credential })).toMatchObject({ reason: 'unknown_key' })
      clock.advance(100)
    }
    expect(source.reads).toBe(1)
    verifier.verify({ credential })
    expect(source.reads).toBe(2)
  })

  it('is looked up again after a second, for keys made where nobody tells', async () => {
    const { store, lifecycle, clock } = await start()
    const follower = createVerifier({ contract, keys: store, now: clock.now })
    const credential = random()
    for (let i = 0; i < 5; i++) {
      expect(await follower.verify({ credential })).toMatchObject({ reason: 'unknown_key' })
      clock.advance(190)
    }
    await importKey(lifecycle, testActor, { organization: 'acme', name: 'a', secret: { credential } })
    clock.advance(50)
    expect(await follower.verify({ credential })).toMatchObject({ allowed: true })
  })

  it('is one as soon as it is made, however lately it was asked for', async () => {
    const { verifier, lifecycle } = await start()
    const credential = random()
    expect(await verifier.verify({ credential })).toMatchObject({ reason: 'unknown_key' })
    await importKey(lifecycle, testActor, { organization: 'acme', name: 'a', secret: { credential } })
    expect(verifier.verify({ credential })).toMatchObject({ allowed: true })
  })

  it('is one as soon as it is made, also for those who wait for the answer that it is none', async () => {
    const { verifier, lifecycle, slow } = await startSlow()
    const credential = random()
    const before = verifier.verify({ credential })
    await settled()
    const importing = importKey(lifecycle, testActor, { organization: 'acme', name: 'a', secret: { credential } })
    await settled()
    expect(slow.waiting).toBe(2)
    await slow.answer(1)
    await importing
    const after = verifier.verify({ credential })
    await slow.answer()
    await slow.answer()
    expect(await after).toMatchObject({ allowed: true })
    expect(await before).toMatchObject({ allowed: true })
  })

  it('is one as soon as it is made, also for those who wait, where it is made with so many that none is read', async () => {
    const { verifier, lifecycle, slow } = await startSlow()
    const credential = random()
    const before = verifier.verify({ credential })
    await settled()
    const rows = [credential, ...Array.from({ length: 100 }, random)].map((secret, row) => {
      return { row, key: { organization: 'acme', name: 'a', secret: { credential: secret } } }
    })
    await importMany(lifecycle, testActor, rows)
    expect(slow.waiting).toBe(1)
    await slow.answer()
    await slow.answer()
    expect(await before).toMatchObject({ allowed: true })
  })

  it('is denied after one look, however slow the database is', async () => {
    const { verifier, slow, clock } = await startSlow()
    const denial = verifier.verify({ credential: random() })
    await settled()
    clock.advance(30_000)
    await slow.answer()
    expect(await denial).toMatchObject({ reason: 'unknown_key' })
    expect(slow.waiting).toBe(0)
  })

  it('is denied after one look, however many keys are made meanwhile', async () => {
    const { verifier, slow, store, lifecycle } = await startSlow()
    const denial = verifier.verify({ credential: random() })
    await settled()
    for (let i = 0; i < 20; i++) {
      const issuing = issue({ ...lifecycle, store }, testActor, { organization: 'acme', name: 'a' })
      await settled()
      await slow.answer(1)
      await issuing
    }
    await slow.answer()
    expect(await denial).toMatchObject({ reason: 'unknown_key' })
    expect(slow.waiting).toBe(0)
  })

  it('is looked up once for all who ask at the same time', async () => {
    const { verifier, slow } = await startSlow()
    const credential = random()
    const all = Promise.all(Array.from({ length: 100 }, () => verifier.verify({ credential })))
    await settled()
    expect(slow.waiting).toBe(1)
    await slow.answer()
    expect(new Set((await all).map((outcome) => (outcome.allowed ? '' : outcome.reason)))).toEqual(
      new Set(['unknown_key']),
    )
  })
})

describe('a flood of keys that do not exist', () => {
  it('evicts no key that does, and takes no more memory the longer it lasts', async () => {
    const { verifier, lifecycle, source } = await start()
    const real: string[] = []
    for (let i = 0; i < 100; i++) {
      real.push((await issue(lifecycle, testActor, { organization: 'acme', name: 'a' })).credential)
    }
    const used = (credential: string) => expect(verifier.verify({ credential })).toMatchObject({ allowed: true })
    const flood = (count: number) => {
      for (let i = 0; i < count; i++) verifier.verify({ credential: random() })
    }
    real.forEach(used)
    flood(100_000)
    const readsBefore = source.reads
    real.forEach(used)
    expect(source.reads).toBe(readsBefore)

    const before = heapUsed()
    flood(100_000)
    expect(heapUsed() - before).toBeLessThan(3_000_000)
    real.forEach(used)
    expect(source.reads).toBe(readsBefore + 100_000)
  })
})

describe('with peppers', () => {
  const peppers = [
    { id: 'new', value: 'n'.repeat(32) },
    { id: 'old', value: 'o'.repeat(32) },
  ]

  it.each([
    ['an older pepper', [{ id: 'old', value: 'o'.repeat(32) }]],
    ['none', []],
  ])('a key made under %s is read once, and not again each second', async (_, then) => {
    const { store, lifecycle, clock, organization } = inMemory({ contract, digester: createDigester(then) })
    await organization()
    const { key, credential } = await issue(lifecycle, testActor, { organization: 'acme', name: 'a' })

    const source = createCountingSource(store)
    const now = createVerifier({ contract, keys: source, digester: createDigester(peppers), now: clock.now })
    for (let second = 0; second < 20; second++) {
      expect(await now.verify({ credential })).toMatchObject({ allowed: true })
      clock.advance(1000)
    }
    const looks = 1 + peppers.length - then.length
    expect(source.reads).toBe(looks)

    const asynchronous: KeySource = { find: async (digest) => store.find(digest), found: store.found }
    const later = createVerifier({ contract, keys: asynchronous, digester: createDigester(peppers), now: clock.now })
    expect(await later.verify({ credential })).toMatchObject({ allowed: true })

    const published = publish(store, now.apply)
    await revoke({ ...lifecycle, store: published }, testActor, key.id)
    expect(await now.verify({ credential })).toMatchObject({ reason: 'revoked_key' })
  })

  it('a key is unknown only after every one of them was tried, at once or after waiting', async () => {
    const { store, clock } = inMemory({ contract })
    const asynchronous: KeySource = { find: async (digest) => store.find(digest), found: store.found }
    for (const keys of [store, asynchronous]) {
      const source = createCountingSource(keys)
      const verifier = createVerifier({ contract, keys: source, digester: createDigester(peppers), now: clock.now })
      const credential = random()
      for (let i = 0; i < 3; i++) expect(await verifier.verify({ credential })).toMatchObject({ reason: 'unknown_key' })
      expect(source.reads).toBe(3)
    }
  })
})

function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  collectGarbage()
  return process.memoryUsage().heapUsed
}
