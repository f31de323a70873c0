import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createOrganization,
  createVerifier,
  issue,
  type RemoteKeys,
  remote,
  resume,
  suspend,
  type Verifier,
} from '@keywright/core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readSettings } from '../src/config/read-settings.ts'
import { type Instance, startInstance } from '../src/main.ts'
import { controlApi } from './support/control-api.ts'
import { layWire } from './support/network/relayed-wire.ts'
import { serviceKey, tester } from './support/start-server.ts'

let folder: string
let instance: Instance
const open: RemoteKeys[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keywright-test-'))
  instance = await start()
  await createOrganization(instance.lifecycle, tester, { id: 'acme', name: 'Acme' })
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((keys) => keys.close()))
  await instance.stop()
  rmSync(folder, { recursive: true })
})

async function start(): Promise<Instance> {
  const settings = await readSettings({
    flags: { port: '0', controlPort: '0', contract: 'keywright', data: 'data' },
    env: { KEYWRIGHT_SERVICE_KEY: serviceKey },
    folder,
  })
  return startInstance(settings, { folder, logTo: { write: () => {} } })
}

/** It is on another port then: who follows the first one has lost it. */
async function startAnew(): Promise<void> {
  await instance.stop()
  instance = await start()
}

function follow(url = instance.control, maxStalenessSeconds = 3): Verifier {
  const keys = remote({ url, serviceKey, maxStalenessSeconds })
  open.push(keys)
  return createVerifier({ contract: instance.lifecycle.contract, keys })
}

async function acceptedKey(verifier: Verifier): Promise<{ id: string; credential: string }> {
  const { key, credential } = await issue(instance.lifecycle, tester, { organization: 'acme', name: 'test' })
  expect(await verifier.verify({ credential })).toMatchObject({ allowed: true })
  return { id: key.id, credential }
}

const revoke = (id: string, query = '') => controlApi(instance.control)('POST', `/v1/keys/${id}/revoke${query}`)

async function pendingOf(receipt: string): Promise<string[]> {
  return (await controlApi(instance.control)('GET', `/v1/receipts/${receipt}`)).json.pending
}

it('a server that was started anew waits until those who have lost it accept nothing any more', async () => {
  const verifier = follow()
  const { id, credential } = await acceptedKey(verifier)
  await startAnew()
  expect((await revoke(id, '?wait=all')).status).toBe(200)
  await expect((async () => verifier.verify({ credential }))()).rejects.toMatchObject({ code: 'stale' })
}, 30_000)

it('a server that was started anew waits until those who find it again have applied the change', async () => {
  const wire = await layWire({ address: '127.0.0.1', port: Number(new URL(instance.control).port) })
  const verifier = follow(`http://127.0.0.1:${wire.port}`)
  const { id, credential } = await acceptedKey(verifier)
  await startAnew()
  await wire.leadTo({ address: '127.0.0.1', port: Number(new URL(instance.control).port) })
  const { status, json } = await revoke(id, '?wait=all')
  expect([status, await pendingOf(json.receipt)]).toEqual([200, []])
  const outcome = await (async () => verifier.verify({ credential }))().catch(({ code }) => code)
  expect(outcome === 'stale' || outcome.reason === 'revoked_key').toBe(true)
  await wire.close()
}, 30_000)

it('nobody waits, after a start, for who has left or has run out of time before it', async () => {
  const { id } = await acceptedKey(follow())
  await open.pop()?.close()
  await startAnew()
  const { json } = await revoke(id)
  expect(await pendingOf(json.receipt)).toEqual([])
  const other = await acceptedKey(follow())
  await startAnew()
  expect((await revoke(other.id, '?wait=all')).status).toBe(200)
  await startAnew()
  expect(await pendingOf(json.receipt)).toEqual([])
}, 30_000)

it.each([
  ['does not have', []],
  ['has another in the place of', ['other']],
])(
  'who has read a key with a change that a restored backup %s forgets it, though told of none',
  async (_, others) => {
    const { key, credential } = await issue(instance.lifecycle, tester, { organization: 'acme', name: 'test' })
    await suspend(instance.lifecycle, tester, key.id)
    await instance.stop()
    cpSync(join(folder, 'data'), join(folder, 'backup'), { recursive: true })
    instance = await start()
    const wire = await layWire({ address: '127.0.0.1', port: Number(new URL(instance.control).port) })
    const verifier = follow(`http://127.0.0.1:${wire.port}`, 6)
    const verdict = async () => {
      try {
        const outcome = await verifier.verify({ credential })
        return outcome.allowed ? 'allowed' : outcome.reason
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    await (open.at(-1) as RemoteKeys).follow({ apply: async () => {}, reset: () => {} }).check()
    // Its poll is answered no more; what it asks from now on is.
    wire.hush()
    await resume(instance.lifecycle, tester, key.id)
    expect(await verdict()).toBe('allowed')
    await instance.stop()
    rmSync(join(folder, 'data'), { recursive: true })
    cpSync(join(folder, 'backup'), join(folder, 'data'), { recursive: true })
    instance = await start()
    for (const id of others) await createOrganization(instance.lifecycle, tester, { id, name: id })
    await wire.leadTo({ address: '127.0.0.1', port: Number(new URL(instance.control).port) })
    await expect.poll(verdict).toBe('suspended_key')
    await wire.close()
  },
  40_000,
)
