import type { Actor } from '../audit/event.ts'
import type { KeyRecord } from '../key/record.ts'
import type { Transaction } from '../store/store.ts'
import { mint } from './issue.ts'
import { changeKeyIn, type Issued, type Lifecycle, LifecycleError, refuseRevoked } from './lifecycle.ts'
import { keep, nextNumber, type Rotated, retire, retiring } from './rotate.ts'

/**
 * Another secret in place of one that may never have reached its holder: that one ends at once, older ones keep their
 * deadlines. `number` is the version to replace, which must be the current one.
 * @throws LifecycleError `conflict` where it is not, or the key is revoked
 */
export async function reissue(lifecycle: Lifecycle, actor: Actor, id: string, number: number): Promise<Rotated> {
  const { result, changes } = await lifecycle.store.transact((transaction) =>
    reissueIn(transaction, lifecycle, actor, id, number),
  )
  const change = changes[0] as Issued['change']
  return { ...result, change, retiring: retiring(result.key.versions, lifecycle.now()) }
}

/** The same as part of a larger transaction. */
export async function reissueIn(
  transaction: Transaction,
  lifecycle: Lifecycle,
  actor: Actor,
  id: string,
  number: number,
): Promise<{ key: KeyRecord; credential: string }> {
  let credential = ''
  const key = await changeKeyIn(transaction, lifecycle, actor, id, (before, at) => {
    refuseRevoked(before)
    const current = before.versions.find(({ retiresAt }) => retiresAt === null)
    if (current?.number !== number) {
      throw new LifecycleError('conflict', `Secret ${number} of this key has been replaced since.`)
    }
    const older = before.versions.map((version) => (version === current ? retire(version, at, at) : version))
    const minted = mint(lifecycle, before, nextNumber(before), at)
    credential = minted.credential
    const { number: next, hint } = minted.version
    const details = { version: next, hint, replaces: number }
    return { key: { ...before, versions: [...keep(older, at), minted.version] }, action: 'key.rotated', details }
  })
  return { key, credential }
}
