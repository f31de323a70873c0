import {
  type Counters,
  createDigester,
  createMemoryCounters,
  createVerifier,
  type Digester,
  type FoundKey,
  issue,
  type Meter,
  type Outcome,
  parseContract,
  revoke,
  updateOrganization,
} from '@keywright/core'
import { inMemory, testActor } from '@keywright/core/testing'
import { describe, expect, it } from 'vitest'
import { createCountingSource, settled } from '../support/sources.ts'

const contract = parseContract({
  name: 'acme',
  key: { forms: [{ prefix: 'ak_' }] },
  limits: [{ requests: 3, windowSeconds: 60 }],
})

async function startWith(count: number, digester: Digester = createDigester()) {
  const all = inMemory({ contract, digester })
  await all.organization()
  const issued = []
  for (let i = 0; i < count; i++) {
    issued.push(await issue(all.lifecycle, testActor, { organization: 'acme', name: `${i}`, limits: [] }))
  }
  return { ...all, issued, source: createCountingSource(all.store) }
}

function keyIn(outcome: Outcome): string | undefined {
  return outcome.principal?.key
}

describe('the memory of keys', () => {
  it('keeps those that are used while others come and go', async () => {
    const { issued, source } = await startWith(700)
    const verifier = createVerifier({ contract, keys: source, maxKeys: 150 })
    const hot = issued.slice(0, 100)
    for (const { credential } of hot) verifier.verify({ credential })
    let cold = 0
    for (const { credential } of issued.slice(100)) {
      verifier.verify({ credential })
      cold++
      for (const { key, credential } of hot) expect(keyIn(verifier.verify({ credential }) as Outcome)).toBe(key.id)
    }
    expect(source.reads - hot.length - cold).toBeLessThan(10)
  })

  it('answers right when it has room for one key alone', async () => {
    const { issued, source, lifecycle } = await startWith(5)
    const verifier = createVerifier({ contract, keys: source, maxKeys: 1 })
    for (let round = 0; round < 3; round++) {
      for (const { key, credential } of issued) {
        const outcome = verifier.verify({ credential }) as Outcome
        expect([outcome.allowed, keyIn(outcome)]).toEqual([true, key.id])
      }
    }
    const [first] = issued
    const { change } = await revoke(lifecycle, testActor, first?.key.id ?? '')
    await verifier.apply(change ? [change] : [])
    expect(verifier.verify({ credential: first?.credential ?? '' })).toMatchObject({ reason: 'revoked_key' })
  })

  it('lets go of an organization with the last of its keys', async () => {
    const { issued, store, lifecycle, organization } = await startWith(1)
    const { id } = await organization({ id: 'other' })
    const other = await issue(lifecycle, testActor, { organization: id, name: 'other', limits: [] })
    const credential = issued[0]?.credential ?? ''
    // Nobody tells it of changes: it goes by what it has read, as long as it keeps that.
    const verifier = createVerifier({ contract, keys: store, maxKeys: 1 })
    expect(verifier.verify({ credential })).toMatchObject({ allowed: true })
    await updateOrganization(lifecycle, testActor, 'acme', { state: 'suspended' })
    expect(verifier.verify({ credential })).toMatchObject({ allowed: true })
    expect(verifier.verify({ credential: other.credential })).toMatchObject({ allowed: true })
    expect(verifier.verify({ credential })).toMatchObject({ reason: 'organization_suspended' })
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('cannot have room for %d', async (maxKeys) => {
    const { store } = inMemory({ contract })
    expect(() => createVerifier({ contract, keys: store, maxKeys })).toThrow('maxKeys')
  })
})

describe('keys that are forgotten by the hundred', () => {
  it('are all forgotten, also those whose places others leave while they are looked for', async () => {
    // All in one row from the first place on, so that whatever leaves moves all that follow.
    const digests = new Map<string, string>()
    const inARow = (credential: string) => {
      const digest = digests.get(credential) ?? digests.size.toString(16).padStart(56, '0').padStart(64, 'ab000000')
      digests.set(credential, digest)
      return digest
    }
    const digester: Digester = {
      ...createDigester(),
      digest: inARow,
      candidates: (credential) => [inARow(credential)],
      utf16: (credential) => Buffer.from(inARow(credential.toString()), 'hex').toString('utf16le'),
    }
    const { issued, source } = await startWith(2300, digester)
    const verifier = createVerifier({ contract, keys: source, digester })
    for (const { credential } of issued) verifier.verify({ credential })
    const early = issued.slice(0, 100)
    const late = issued.slice(2048, 2148)
    const changed = ({ key }: (typeof issued)[number]) => ({
      action: 'key.updated' as const,
      target: key.id,
      number: 1,
    })
    const { reads } = source
    await Promise.all([verifier.apply(late.map(changed)), verifier.apply(early.map(changed))])
    for (const { credential } of [...early, ...late]) verifier.verify({ credential })
    expect(source.reads - reads).toBe(200)
  })

  it('are looked for in turn with whoever else has something to do', async () => {
    const { issued, source } = await startWith(1100)
    const verifier = createVerifier({ contract, keys: source })
    for (const { credential } of issued) verifier.verify({ credential })
    let hadTurn = false
    setImmediate(() => {
      hadTurn = true
    })
    await verifier.apply(issued.map(({ key }) => ({ action: 'key.updated', target: key.id, number: 1 })))
    expect(hadTurn).toBe(true)
  })
})

describe('a key', () => {
  it('never answers for another whose digest begins, or ends, like its own', async () => {
    const real = createDigester()
    // All but one byte of every digest is the same; which one differs is up to the credential.
    const digests = new Map<string, string>()
    const nearlyAlike = (credential: string) => {
      const known = digests.get(credential)
      if (known) return known
      const at = digests.size % 32
      const digest =
        'ab'.repeat(at) + (1 + Math.floor(digests.size / 32)).toString(16).padStart(2, '0') + 'ab'.repeat(31 - at)
      digests.set(credential, digest)
      return digest
    }
    const digester: Digester = {
      ...real,
      digest: nearlyAlike,
      candidates: (credential) => [nearlyAlike(credential)],
      utf16: (credential) => Buffer.from(nearlyAlike(credential.toString()), 'hex').toString('utf16le'),
    }
    const { issued, store } = await startWith(128, digester)
    expect(new Set(digests.values()).size).toBe(128)
    const verifier = createVerifier({ contract, keys: store, digester })
    for (let round = 0; round < 2; round++) {
      for (const { key, credential } of issued) expect(keyIn(verifier.verify({ credential }) as Outcome)).toBe(key.id)
    }
  })

  it('that a source answers with for a digest that is not its own is an outage', async () => {
    const { issued, store } = await startWith(2)
    const [one, two] = issued
    const found = (await store.found(one?.key.id ?? '')) as FoundKey
    for (const find of [() => found, async () => found]) {
      const verifier = createVerifier({ contract, keys: { find, found: store.found } })
      await expect((async () => verifier.verify({ credential: two?.credential ?? '' }))()).rejects.toThrow(
        'not its own',
      )
      expect(await verifier.verify({ credential: one?.credential ?? '' })).toMatchObject({ allowed: true })
    }
  })

  it('is still the one that asked after the counters were waited for, whoever has its place meanwhile', async () => {
    const memory = createMemoryCounters()
    const charged: [string, number][] = []
    let go: (() => void)[] = []
    const later = <T>(answer: () => T): Promise<T> => {
      return new Promise((resolve) => go.push(() => resolve(answer())))
    }
    // Reads the meters at once, as it must, and settles when it is told to.
    const counters: Counters = {
      take(meters, cost, nowMs) {
        const read = meters.map((meter): Meter => ({ limit: meter.limit, subject: meter.subject, slot: -1 }))
        return later(() => {
          for (const { subject } of read) charged.push([subject, cost])
          return memory.take(read, cost, nowMs)
        })
      },
      peek(meters, nowMs) {
        const read = meters.map((meter): Meter => ({ limit: meter.limit, subject: meter.subject, slot: -1 }))
        return later(() => memory.peek(read, nowMs))
      },
    }
    const { store, lifecycle, organization: makeOrganization } = inMemory({ contract })
    const { id: organization } = await makeOrganization()
    const [one, two, three] = [
      await issue(lifecycle, testActor, { organization, name: 'one' }),
      await issue(lifecycle, testActor, { organization, name: 'two', permissions: [] }),
      await issue(lifecycle, testActor, { organization, name: 'three' }),
    ]
    const verifier = createVerifier({ contract, keys: store, counters, maxKeys: 1 })
    const first = verifier.verify({ credential: one.credential })
    const second = verifier.verify({ credential: two.credential, permissions: ['things:read'] })
    const third = verifier.verify({ credential: three.credential })
    await settled()
    for (const one of go.toReversed()) one()
    go = []
    expect(keyIn(await first)).toBe(one.key.id)
    expect(await second).toMatchObject({ reason: 'permission_missing', principal: { key: two.key.id } })
    expect(keyIn(await third)).toBe(three.key.id)
    expect(charged.map(([subject]) => subject).sort()).toEqual([one.key.id, three.key.id].sort())
  })
})
