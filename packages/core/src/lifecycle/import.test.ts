import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Contract } from '../contract/contract.ts'
import { parseContract } from '../contract/parse.ts'
import { createDigester } from '../key/digest.ts'
import { inMemory, testActor } from '../testing/in-memory.ts'
import { createVerifier } from '../verify/verifier.ts'
import { type ForeignKey, importKey } from './import.ts'
import { issue } from './issue.ts'
import { publish } from './publish.ts'
import { rotate } from './rotate.ts'

const contract = parseContract({
  name: 'acme',
  key: {
    checksum: false,
    forms: [{ prefix: 'ak_' }, { prefix: 'old_', environment: 'legacy', kind: 'restricted', retired: true }],
  },
})
const foreign = `ak_${'a'.repeat(43)}`
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

async function start(of: Contract = contract) {
  const all = inMemory({ contract: of })
  await all.organization()
  const take = (secret: ForeignKey['secret'], terms = {}) =>
    importKey(all.lifecycle, testActor, { organization: 'acme', name: 'Taken over', secret, ...terms })
  return { ...all, take }
}

describe('a key taken over', () => {
  it('works as it did, from its credential or from its digest', async () => {
    for (const secret of [{ credential: foreign }, { algorithm: 'sha256', digest: sha256(foreign) }] as const) {
      const { take, verifier } = await start()
      const { key, change } = await take(secret)
      expect(await verifier.verify({ credential: foreign })).toMatchObject({
        allowed: true,
        principal: { key: key.id },
      })
      expect(change?.action).toBe('key.imported')
    }
  })

  it('leaves its credential nowhere', async () => {
    const { take, store } = await start()
    const { key, change } = await take({ credential: foreign })
    const everything = JSON.stringify([key, change, await store.found(key.id), await store.changes(0, 100)])
    expect(everything).not.toContain(foreign)
    expect(everything).not.toContain(foreign.slice(0, 12))
    expect(key.versions[0]?.hint).toBe('ak_…aaaa')
  })

  it('is of the form its credential has, also one that is no longer issued', async () => {
    const { take, lifecycle } = await start()
    const { key } = await take({ credential: `old_${'b'.repeat(43)}` })
    expect(key).toMatchObject({ environment: 'legacy', kind: 'restricted' })
    await expect(rotate(lifecycle, testActor, key.id)).rejects.toMatchObject({ code: 'invalid' })
  })

  it('keeps to the same terms as one that is issued', async () => {
    const { take, clock } = await start()
    await expect(take({ credential: foreign }, { name: '' })).rejects.toMatchObject({ field: 'name' })
    await expect(take({ credential: foreign }, { expiresAt: clock.date() })).rejects.toMatchObject({
      field: 'expiresAt',
    })
    await expect(take({ credential: foreign }, { organization: 'nobody' })).rejects.toMatchObject({ code: 'not_found' })
    const expiresAt = new Date(clock.now() + 1000)
    expect((await take({ credential: foreign }, { expiresAt, permissions: ['a:b'] })).key).toMatchObject({ expiresAt })
  })

  it.each([
    ['a credential of no form the API accepts', { credential: 'sk_live_something' }],
    ['an empty credential', { credential: '' }],
    ['a weaker digest', { algorithm: 'md5', digest: 'd41d8cd98f00b204e9800998ecf8427e' }],
    ['a slower digest', { algorithm: 'bcrypt', digest: '$2b$10$abcdefghijklmnopqrstuv' }],
    ['another digest of the same length', { algorithm: 'sha3-256', digest: sha256('a') }],
    ['a digest behind something else', { algorithm: 'sha256', digest: `0${sha256('a')}` }],
    ['a short digest', { algorithm: 'sha256', digest: sha256('').slice(1) }],
    ['a digest in upper case', { algorithm: 'sha256', digest: sha256('').toUpperCase() }],
    ['a digest and a line feed', { algorithm: 'sha256', digest: `${sha256('')}\n` }],
    ['a digest with the key as its hint', { algorithm: 'sha256', digest: sha256('acme-1234'), hint: 'acme-1234' }],
    ['a hint that repaints a terminal', { algorithm: 'sha256', digest: sha256('a'), hint: 'x\u001b[2J' }],
    ['a long hint', { algorithm: 'sha256', digest: sha256('a'), hint: 'h'.repeat(41) }],
  ])('is refused with %s, in words that hold none of it', async (_, secret) => {
    const { take, store } = await start()
    const error = await take(secret as ForeignKey['secret']).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'invalid', field: 'secret' })
    for (const value of Object.values(secret)) if (value.length > 6) expect(error.message).not.toContain(value)
    expect((await store.keys({ limit: 10 })).items).toEqual([])
  })
})

it('the hint of a key taken over is no key, not even another', async () => {
  const short = { alphabet: 'base62', length: 30 } as const
  const { take } = await start({ ...contract, key: { ...contract.key, random: short } })
  const digest = sha256('something else')
  const refused = take({ algorithm: 'sha256', digest, hint: `ak_${'a'.repeat(30)}` })
  await expect(refused).rejects.toMatchObject({ code: 'invalid', field: 'secret' })
  const { key } = await take({ algorithm: 'sha256', digest, hint: 'h'.repeat(40) })
  expect(key.versions[0]?.hint).toBe('h'.repeat(40))
})

it.each([
  ['name', { name: `of ${sha256(foreign)}` }],
  ['metadata', { metadata: { sha256: sha256(foreign) } }],
])('a key taken over does not show its digest in its %s', async (field, terms) => {
  const { take } = await start()
  await expect(take({ credential: foreign }, terms)).rejects.toMatchObject({ code: 'invalid', field })
})

describe('a secret that is known already', () => {
  it('is refused, whoever has it and however it comes', async () => {
    const { take, lifecycle, organization, store } = await start()
    await organization({ id: 'other' })
    const { credential } = await issue(lifecycle, testActor, { organization: 'acme', name: 'a' })
    const other = { organization: 'other' }
    const { number } = await store.head()
    await expect(take({ credential }, other)).rejects.toMatchObject({ code: 'duplicate', field: 'digest' })
    await expect(take({ algorithm: 'sha256', digest: sha256(credential) }, other)).rejects.toMatchObject({
      code: 'duplicate',
    })
    expect((await store.head()).number).toBe(number)
  })

  it('is refused under a new pepper too', async () => {
    const { take, lifecycle, store, verifier: before } = await start()
    await take({ credential: foreign })
    const digester = createDigester([{ id: 'p1', value: 'p'.repeat(32) }])
    const verifier = createVerifier({ contract, keys: store, digester })
    const peppered = { ...lifecycle, digester, store: publish(store, verifier.apply) }
    const again = { organization: 'acme', name: 'again', secret: { credential: foreign } }
    await expect(importKey(peppered, testActor, again)).rejects.toMatchObject({ code: 'duplicate' })
    expect(await verifier.verify({ credential: foreign })).toMatchObject({ allowed: true })
    expect(await before.verify({ credential: foreign })).toMatchObject({ allowed: true })
  })

  it('is refused when two take it over at once', async () => {
    const { take } = await start()
    const answers = await Promise.allSettled(Array.from({ length: 5 }, () => take({ credential: foreign })))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})
