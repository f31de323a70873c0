import { type Actor, changeGrace, type Lifecycle, revoke, worksAt } from '@keywright/core'
import { isCliToken } from '../../access/cli-token-format.ts'
import { revokeCliToken } from '../../access/cli-token-lifecycle.ts'
import { isServiceKey } from '../../access/service-key-format.ts'
import { revokeServiceKey } from '../../access/service-key-lifecycle.ts'

const reason = 'Reported as leaked.'

/** Ends what a found credential still opens: a key, an old secret of it in its grace, a service key, or a CLI token. */
export async function endLeaked(lifecycle: Lifecycle, actor: Actor, credential: string): Promise<void> {
  const { format, digester, store } = lifecycle
  const digests = () => digester.candidates(credential)
  if (isServiceKey(credential)) {
    for (const digest of digests()) {
      const serviceKey = await store.serviceKey(digest)
      if (serviceKey) await revokeServiceKey(lifecycle, actor, serviceKey.id, () => true)
    }
  } else if (isCliToken(credential)) {
    for (const digest of digests()) {
      const token = await store.cliToken(digest)
      if (token) await revokeCliToken(lifecycle, actor, token)
    }
  } else if (format.parse(credential) >= 0) {
    for (const digest of digests()) await endSecret(lifecycle, actor, digest)
  }
}

async function endSecret(lifecycle: Lifecycle, actor: Actor, digest: string): Promise<void> {
  const { key } = (await lifecycle.store.find(digest)) ?? {}
  const version = key?.versions.find((candidate) => candidate.digest === digest)
  // Everyone has seen it, and could end it for all who use it.
  if (!key || !version || key.revokedAt || key.kind === 'publishable') return
  if (version.retiresAt === null) await revoke(lifecycle, actor, key.id, { reason })
  else if (worksAt(version, lifecycle.now())) await changeGrace(lifecycle, actor, key.id, version.number, 0)
}
