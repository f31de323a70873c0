import { type ChangeEvent, type Head, type KeyRecord, type Store, verifyChain } from '@keywright/core'
import { expect } from 'vitest'

/** Checks the log after `known` and the keys after `prefix`, which are the ones it tells of. Answers the head. */
export async function expectIntact(
  store: Store,
  known: Head,
  prefix: string,
  acknowledged: readonly Head[],
): Promise<Head> {
  const head = await store.head()
  const log = await store.changes(known.number, Number.MAX_SAFE_INTEGER)
  expect(verifyChain(known, log)).toEqual({ ok: true, head })
  const hashes = new Map(log.map(({ number, hash }) => [number, hash]))
  expect(acknowledged.filter(({ number, hash }) => hashes.get(number) !== hash)).toEqual([])

  const lastActions = new Map(log.map(({ target, action }) => [target, action]))
  lastActions.delete('acme')
  const { items: keys } = await store.keys({ after: prefix, limit: 1_000_000 })
  expect(new Map(keys.map((key) => [key.id, stateOf(key)]))).toEqual(
    new Map([...lastActions].map(([id, action]) => [id, stateAfter[action]])),
  )
  const digests = keys.flatMap(({ id, versions }) => versions.map(({ digest }) => ({ id, digest })))
  const found = await Promise.all(
    digests.map(async ({ digest }) => ({ id: (await store.find(digest))?.key.id, digest })),
  )
  expect(found).toEqual(digests)
  return head
}

function stateOf(key: KeyRecord) {
  return { revision: key.metadata.revision, versions: key.versions.length, isRevoked: key.revokedAt !== null }
}

const stateAfter: Partial<Record<ChangeEvent['action'], ReturnType<typeof stateOf>>> = {
  'key.created': { revision: 1, versions: 1, isRevoked: false },
  'key.rotated': { revision: 2, versions: 2, isRevoked: false },
  'key.revoked': { revision: 3, versions: 2, isRevoked: true },
}
