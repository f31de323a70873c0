import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import type { ChangeEvent, KeyRecord, SecretVersion, Store, Transaction } from '@keywright/core'
import { aKey, anOrganization, aVersion, someEvent } from '@keywright/core/testing'
import { openSqlite } from '../../src/stores/index.ts'

/**
 * A process that issues, rotates and revokes keys until it is killed. Prints `ready`, waits for a line on stdin, prints
 * `open` once the store is, and then each change, as JSON, after `transact` resolved with it.
 */
const [file = '', prefix = ''] = process.argv.slice(2)
const writers = 3
let secrets = 0

process.stdin.once('data', async () => {
  const store = openSqlite(file)
  print('open')
  await store.transact(async (transaction) => {
    if (await transaction.organization('acme')) return
    await transaction.putOrganization(anOrganization())
    transaction.record(someEvent({ target: 'acme' }))
  })
  for (let writer = 0; writer < writers; writer++) void changeForEver(store, writer)
})

// Being killed, it never comes to leave the next one its compiled modules at its exit.
flushCompileCache()
print('ready')

async function changeForEver(store: Store, writer: number): Promise<never> {
  for (let index = 0; ; index++) {
    const id = `${prefix}_${writer}_${index}`
    await acknowledged(store, (transaction) =>
      put(transaction, 'key.created', aKey(0, { id, versions: [newVersion(1)], metadata: { revision: 0 } })),
    )
    await acknowledged(store, async (transaction) => {
      const key = await existing(transaction, id)
      const versions = [...key.versions.map((version) => ({ ...version, retiresAt: new Date() })), newVersion(2)]
      await put(transaction, 'key.rotated', { ...key, versions })
    })
    await acknowledged(store, async (transaction) => {
      await put(transaction, 'key.revoked', { ...(await existing(transaction, id)), revokedAt: new Date() })
    })
  }
}

async function acknowledged(store: Store, work: (transaction: Transaction) => Promise<void>): Promise<void> {
  const { changes } = await store.transact(work)
  for (const { number, hash } of changes) print(JSON.stringify({ number, hash }))
}

/** A pipe takes it whole and at once: what is printed stays printed when this process is killed. */
function print(line: string): void {
  writeSync(1, `${line}\n`)
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

function newVersion(number: number): SecretVersion {
  secrets += 1
  return aVersion(0, { number, digest: createHash('sha256').update(`${prefix}/${secrets}`).digest('hex') })
}
