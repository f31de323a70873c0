import { beforeEach, describe, expect, it } from 'vitest'
import { parseContract } from '../contract/parse.ts'
import { type InMemory, inMemory, testActor } from '../testing/in-memory.ts'
import { issue } from './issue.ts'
import type { Issued } from './lifecycle.ts'
import { reissue } from './reissue.ts'
import { revoke } from './revoke.ts'
import { changeGrace, rotate } from './rotate.ts'
import { update } from './update.ts'

const contract = parseContract({
  name: 'acme',
  key: { forms: [{ prefix: 'ak_' }] },
  rotation: { maxGraceSeconds: 600 },
})

let all: InMemory
let first: Issued
beforeEach(async () => {
  all = inMemory({ contract })
  await all.organization()
  first = await issue(all.lifecycle, testActor, { organization: 'acme', name: 'a' })
})

const turn = (graceSeconds?: number) =>
  rotate(all.lifecycle, testActor, first.key.id, graceSeconds === undefined ? {} : { graceSeconds })

async function of(credential: string): Promise<string> {
  const outcome = await all.verifier.verify({ credential })
  return outcome.allowed ? 'allowed' : outcome.reason
}

describe('rotating', () => {
  it('without a grace ends the old secret at once', async () => {
    expect(await of(first.credential)).toBe('allowed')
    const { credential, key, retiring, change } = await turn()
    expect([await of(first.credential), await of(credential)]).toEqual(['retired_secret', 'allowed'])
    expect(key.id).toBe(first.key.id)
    expect(retiring).toEqual([])
    expect(change).toMatchObject({ action: 'key.rotated', target: key.id, details: { version: 2, retiring: [] } })
  })

  it('with a grace lets both work until its end, and says when that is', async () => {
    const { credential, retiring } = await turn(600)
    expect(retiring).toMatchObject([{ number: 1, hint: first.key.versions[0]?.hint }])
    const outcome = await all.verifier.verify({ credential: first.credential })
    expect(outcome).toMatchObject({ allowed: true, retiresAt: retiring[0]?.retiresAt })
    expect(all.verifier.responseHeaders(outcome)).toEqual([
      'Api-Key-Status',
      'rotating',
      'Api-Key-Expires',
      retiring[0]?.retiresAt?.toUTCString(),
    ])
    expect(all.verifier.responseHeaders(await all.verifier.verify({ credential }))).toEqual([])
    all.clock.advance(600_000 - 1)
    expect(await of(first.credential)).toBe('allowed')
    all.clock.advance(1)
    expect([await of(first.credential), await of(credential)]).toEqual(['retired_secret', 'allowed'])
  })

  it('again inside a grace never lengthens it', async () => {
    const second = await turn(60)
    all.clock.advance(59_000)
    const third = await turn(600)
    expect(third.retiring.map(({ number, retiresAt }) => [number, retiresAt?.getTime()])).toEqual([
      [1, all.clock.now() + 1000],
      [2, all.clock.now() + 600_000],
    ])
    all.clock.advance(1000)
    expect([await of(first.credential), await of(second.credential), await of(third.credential)]).toEqual([
      'retired_secret',
      'allowed',
      'allowed',
    ])
    const fourth = await turn(0)
    expect([await of(second.credential), await of(third.credential), await of(fourth.credential)]).toEqual([
      'retired_secret',
      'retired_secret',
      'allowed',
    ])
  })

  it('ends no later than its key, and then as expired', async () => {
    const expiresAt = new Date(all.clock.now() + 60_000)
    await update(all.lifecycle, testActor, first.key.id, { expiresAt })
    await turn(60)
    expect(await all.verifier.verify({ credential: first.credential })).toMatchObject({ retiresAt: expiresAt })
    all.clock.advance(60_000)
    expect(await of(first.credential)).toBe('expired_key')
    await expect(turn()).rejects.toMatchObject({ code: 'conflict' })
  })

  it('many times at once leaves exactly one current secret', async () => {
    const rotated = await Promise.all(Array.from({ length: 30 }, (_, i) => turn(i % 2 ? 0 : 1)))
    const key = await all.store.key(first.key.id)
    expect(key?.versions.filter(({ retiresAt }) => retiresAt === null)).toHaveLength(1)
    expect(new Set(key?.versions.map(({ digest }) => digest)).size).toBe(20)
    all.clock.advance(1000)
    const alive = await Promise.all(rotated.map(({ credential }) => of(credential)))
    expect(alive.filter((reason) => reason === 'allowed')).toHaveLength(1)
    expect(await of(first.credential)).not.toBe('allowed')
  })

  it('and revoking then revives nothing', async () => {
    const { credential } = await turn(600)
    await revoke(all.lifecycle, testActor, first.key.id)
    expect([await of(first.credential), await of(credential)]).toEqual(['revoked_key', 'revoked_key'])
    await expect(turn()).rejects.toMatchObject({ code: 'conflict' })
    await expect(changeGrace(all.lifecycle, testActor, first.key.id, 1, 600)).rejects.toMatchObject({
      code: 'conflict',
    })
    await expect(reissue(all.lifecycle, testActor, first.key.id, 2)).rejects.toMatchObject({ code: 'conflict' })
    all.clock.advance(600_000)
    expect([await of(first.credential), await of(credential)]).toEqual(['revoked_key', 'revoked_key'])
  })

  it.each([601, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'cannot give a grace of %d seconds',
    async (seconds) => {
      await expect(turn(seconds)).rejects.toMatchObject({ code: 'invalid', field: 'graceSeconds' })
      expect(await of(first.credential)).toBe('allowed')
    },
  )

  it('stops at twenty secrets that work, and forgets the oldest of those that do not', async () => {
    for (let i = 0; i < 19; i++) await turn(600)
    await expect(turn(600)).rejects.toThrow('20 secrets of this key still work')
    expect(await of(first.credential)).toBe('allowed')
    await changeGrace(all.lifecycle, testActor, first.key.id, 1, 0)
    const { key } = await turn(600)
    expect(key.versions.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, i) => i + 2))
    expect(await of(first.credential)).toBe('unknown_key')
    expect((await turn()).key.versions.at(-1)?.number).toBe(22)
  })
})

describe('changing the grace of an old secret', () => {
  const change = (number: number, graceSeconds: number) =>
    changeGrace(all.lifecycle, testActor, first.key.id, number, graceSeconds)

  it('counts from now, and may lengthen it', async () => {
    await turn(60)
    all.clock.advance(59_000)
    await change(1, 600)
    all.clock.advance(600_000 - 1)
    expect(await of(first.credential)).toBe('allowed')
    await change(1, 1)
    all.clock.advance(1000)
    expect(await of(first.credential)).toBe('retired_secret')
  })

  it.each([601, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('cannot make it %d seconds', async (seconds) => {
    await turn(60)
    await expect(change(1, seconds)).rejects.toMatchObject({ code: 'invalid', field: 'graceSeconds' })
    all.clock.advance(60_000)
    expect(await of(first.credential)).toBe('retired_secret')
  })

  it('never ends the current secret, nor one that is not there', async () => {
    const { credential } = await turn(60)
    await expect(change(2, 0)).rejects.toMatchObject({ code: 'conflict' })
    await expect(change(3, 0)).rejects.toMatchObject({ code: 'not_found' })
    expect([await of(first.credential), await of(credential)]).toEqual(['allowed', 'allowed'])
  })
})

describe('a replayed call', () => {
  it('ends the secret that may never have arrived, and keeps the deadlines of those before', async () => {
    const lost = await turn(600)
    all.clock.advance(1000)
    const sent = await reissue(all.lifecycle, testActor, first.key.id, 2)
    expect([await of(first.credential), await of(lost.credential), await of(sent.credential)]).toEqual([
      'allowed',
      'retired_secret',
      'allowed',
    ])
    expect(sent.retiring).toEqual(lost.retiring)
    expect(sent.change.details).toEqual({ version: 3, hint: sent.key.versions.at(-1)?.hint, replaces: 2 })
    await expect(reissue(all.lifecycle, testActor, first.key.id, 2)).rejects.toMatchObject({ code: 'conflict' })
    await expect(reissue(all.lifecycle, testActor, first.key.id, 4)).rejects.toMatchObject({ code: 'conflict' })
  })
})
