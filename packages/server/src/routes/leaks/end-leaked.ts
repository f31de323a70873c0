import { type Actor, changeGrace, type Lifecycle, revoke } from '@keywright/core'
import { isServiceKey } from '../../access/service-key-format.ts'
import { revokeServiceKey } from '../../access/service-key-lifecycle.ts'

const reason = 'Reported as leaked.'

/** Ends what a found credential still opens: a key, an old secret of it in its grace, or a service key. */
export async function endLeaked(lifecycle: Lifecycle, actor: Actor, credential: string): Promise<void> {
  const { format, digester, store } = lifecycle
  const digests = () => digester.candidates(credential)
  if (isServiceKey(credential)) {
    for (const digest of digests()) {
      const serviceKey = await store.serviceKey(digest)
      if (serviceKey) await revokeServiceKey(lifecycle, actor, serviceKey.id, () => true)
    }
  } else if (format.parse(credential) >= 0) {
    for (const digest of digests()) await endSecret(lifecycle, actor, digest)
  }
}

async function endSecret(lifecycle: Lifecycle, actor: Actor, digest: string): Promise<void> {
  const { key } = (await lifecycle.store.find(digest)) ?? {}
  const version = key?.versions.find((candidate) => candidate.digest === digest)
  if (!key || !version || key.revokedAt) return
  if (version.retiresAt === null) await revoke(lifecycle, actor, key.id, { reason })
  else if (version.retiresAt > lifecycle.now()) await changeGrace(lifecycle, actor, key.id, version.number, 0)
}
