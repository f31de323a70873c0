import { expect, it } from 'vitest'
import { parseContract } from '../contract/parse.ts'
import { issue } from '../lifecycle/issue.ts'
import type { FoundKey } from '../store/store.ts'
import { inMemory, testActor } from '../testing/in-memory.ts'

const contract = parseContract({ name: 'acme', key: { forms: [{ prefix: 'ak_' }] } })

/** A key in a store whose answers are withheld, and replaced, as a test likes. */
async function arrange() {
  const pending: ((found: FoundKey | undefined) => void)[] = []
  const memory = inMemory({
    contract,
    keys: () => ({
      find: () => new Promise((resolve) => pending.push(resolve)),
      found: () => new Promise((resolve) => pending.push(resolve)),
    }),
  })
  await memory.organization()
  const issuing = issue(memory.lifecycle, testActor, { organization: 'acme', name: 'test', limits: [] })
  while (pending.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const answer = async (change: Partial<FoundKey> = {}) => {
    const [key] = (await memory.store.keys({ limit: 1 })).items
    const found = (await memory.store.found(key?.id ?? '')) as FoundKey
    while (pending.length === 0) await new Promise((resolve) => setImmediate(resolve))
    pending.shift()?.({ ...found, ...change })
  }
  await answer()
  const { credential } = await issuing
  return { ...memory, pending, answer, credential }
}

it('reads a key again that was known before the reset', async () => {
  const { verifier, answer, credential, pending } = await arrange()
  const first = verifier.verify({ credential })
  await answer()
  expect(await first).toMatchObject({ allowed: true })
  expect(verifier.verify({ credential })).toMatchObject({ allowed: true })
  verifier.reset()
  const second = verifier.verify({ credential })
  expect(second).toBeInstanceOf(Promise)
  await answer()
  expect(await second).toMatchObject({ allowed: true })
  expect(pending).toEqual([])
})

it('reads the organization of a key again that was known, and corrected, before the reset', async () => {
  const { verifier, answer, credential, store } = await arrange()
  const first = verifier.verify({ credential })
  await answer()
  expect(await first).toMatchObject({ allowed: true })
  const [key] = (await store.keys({ limit: 1 })).items
  const corrected = verifier.apply([{ action: 'key.updated', target: key?.id ?? '', number: 3 }])
  await answer({ readAt: 3 })
  await corrected
  verifier.reset()
  const second = verifier.verify({ credential })
  const organization = (await store.organization('acme')) as FoundKey['organization']
  await answer({ organization: { ...organization, state: 'suspended' } })
  expect(await second).toMatchObject({ allowed: false, reason: 'organization_suspended' })
})

it('asks again for what was no key before the reset', async () => {
  const { verifier, pending, credential, answer } = await arrange()
  const first = verifier.verify({ credential })
  pending.shift()?.(undefined)
  expect(await first).toMatchObject({ reason: 'unknown_key' })
  verifier.reset()
  const second = verifier.verify({ credential })
  expect(second).toBeInstanceOf(Promise)
  await answer()
  expect(await second).toMatchObject({ allowed: true })
})

it('keeps nothing that was being read while it was reset', async () => {
  const { verifier, answer, credential, store } = await arrange()
  const outcome = verifier.verify({ credential })
  const [key] = (await store.keys({ limit: 1 })).items
  verifier.reset()
  await answer()
  await answer({ key: { ...(key as FoundKey['key']), revokedAt: new Date() } })
  expect(await outcome).toMatchObject({ allowed: false, reason: 'revoked_key' })
})

it('corrects nothing by what was being read of a key while it was reset', async () => {
  const { verifier, pending, answer, credential, store } = await arrange()
  const [key] = (await store.keys({ limit: 1 })).items as [FoundKey['key']]
  const corrected = verifier.apply([{ action: 'key.updated', target: key.id, number: 3 }])
  verifier.reset()
  const suspended = { key: { ...key, suspendedAt: new Date() } }
  const outcome = verifier.verify({ credential })
  const [before] = pending.splice(0, 1)
  await answer(suspended)
  expect(await outcome).toMatchObject({ reason: 'suspended_key' })
  before?.((await store.found(key.id)) as FoundKey)
  void answer(suspended)
  await corrected
  expect(await verifier.verify({ credential })).toMatchObject({ reason: 'suspended_key' })
})

it('believes answers with lower numbers than were applied before the reset', async () => {
  const { verifier, answer, credential } = await arrange()
  verifier.reset()
  const outcome = verifier.verify({ credential })
  await answer({ readAt: 1 })
  expect(await outcome).toMatchObject({ allowed: true })
})
