import type { Actor } from '../audit/event.ts'
import { mint } from './issue.ts'
import { changeKey, type Issued, type Lifecycle, LifecycleError, refuseRevoked } from './lifecycle.ts'
import { keep, nextNumber, type Rotated, retiring } from './rotate.ts'

/**
 * Another secret in place of one that may never have reached its holder: that one ends at once, older ones keep their
 * deadlines. `number` is the version to replace, which must be the current one.
 * @throws LifecycleError `conflict` where it is not, or the key is revoked
 */
export async function reissue(lifecycle: Lifecycle, actor: Actor, id: string, number: number): Promise<Rotated> {
  let credential = ''
  const { key, change } = await changeKey(lifecycle, actor, id, (before, at) => {
    refuseRevoked(before)
    const current = before.versions.find(({ retiresAt }) => retiresAt === null)
    if (current?.number !== number) {
      throw new LifecycleError('conflict', `Secret ${number} of this key has been replaced since.`)
    }
    const older = before.versions.map((version) => (version === current ? { ...version, retiresAt: at } : version))
    const minted = mint(lifecycle, before, nextNumber(before), at)
    credential = minted.credential
    const { number: next, hint } = minted.version
    const details = { version: next, hint, replaces: number }
    return { key: { ...before, versions: [...keep(older, at), minted.version] }, action: 'key.rotated', details }
  })
  return { key, credential, change: change as Issued['change'], retiring: retiring(key.versions, lifecycle.now()) }
}
