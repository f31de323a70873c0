import { createHash } from 'node:crypto'
import type { ChangeEvent, Head, KeyRecord, SecretVersion, Store, Transaction } from '@keywright/core'
import { aKey, anOrganization, aVersion, someEvent } from '@keywright/core/testing'

let secrets = 0

/** The organization that the keys are of, where it is not there yet. */
export async function foundAcme(store: Store): Promise<void> {
  await store.transact(async (transaction) => {
    if (await transaction.organization('acme')) return
    await transaction.putOrganization(anOrganization())
    transaction.record(someEvent({ target: 'acme' }))
  })
}

/** Issues, rotates and revokes keys whose ids begin with `prefix`, and tells each change that was acknowledged. */
export async function changeKeys(store: Store, prefix: string, acknowledged: (head: Head) => void): Promise<never> {
  async function change(work: (transaction: Transaction) => Promise<void>): Promise<void> {
    const { changes } = await store.transact(work)
    for (const { number, hash } of changes) acknowledged({ number, hash })
  }

  for (let index = 0; ; index++) {
    const id = `${prefix}_${index}`
    await change((transaction) =>
      put(transaction, 'key.created', aKey(0, { id, versions: [newVersion(id, 1)], metadata: { revision: 0 } })),
    )
    await change(async (transaction) => {
      const key = await existing(transaction, id)
      const versions = [...key.versions.map((version) => ({ ...version, retiresAt: new Date() })), newVersion(id, 2)]
      await put(transaction, 'key.rotated', { ...key, versions })
    })
    await change(async (transaction) => {
      await put(transaction, 'key.revoked', { ...(await existing(transaction, id)), revokedAt: new Date() })
    })
  }
}

/** The key tells how often it was changed, and so does the change: each can be checked against the other. */
async function put(transaction: Transaction, action: ChangeEvent['action'], key: KeyRecord): Promise<void> {
  const revision = Number(key.metadata.revision) + 1
  await transaction.putKey({ ...key, metadata: { revision } })
  transaction.record(someEvent({ action, target: key.id, details: { revision } }))
}

async function existing(transaction: Transaction, id: string): Promise<KeyRecord> {
  const key = await transaction.key(id)
  if (!key) throw new Error(`${id} is gone`)
  return key
}

function newVersion(id: string, number: number): SecretVersion {
  secrets += 1
  return aVersion(0, { number, digest: createHash('sha256').update(`${id}/${secrets}`).digest('hex') })
}
