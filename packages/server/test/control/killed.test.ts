import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { verifyChain } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer } from '../support/control-api.ts'
import { randomFrom } from '../support/random.ts'
import { startOn, type TestNode } from '../support/start-node.ts'

const rounds = Number(process.env.KEYWRIGHT_CRASH_ROUNDS ?? 4)
const seed = Number(process.env.KEYWRIGHT_CRASH_SEED ?? 1)
const random = randomFrom(seed)

let folder: string
let running: TestNode
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keywright-killed-'))
  running = await startOn(folder)
  await running.api('POST', '/v1/organizations', { body: { id: 'acme', name: 'Acme' } })
}, 60_000)
afterAll(async () => {
  await running.end('SIGKILL')
  rmSync(folder, { recursive: true })
})

interface Made {
  key: { id: string }
  credential: string
}

/** The same calls as often as they are made; null where the process died before it had answered. */
async function callAll(round: number, target: string, doomed: readonly string[]): Promise<(Answer | null)[]> {
  const { api } = running
  const keyOf = (name: string) => ({ 'idempotency-key': `${name}-${round}` })
  const rows = Array.from({ length: 30 }, (_, row) => ({ organization: 'acme', name: `bulk-${round}-${row}` }))
  const calls = [
    api('POST', '/v1/keys', { body: { organization: 'acme', name: `one-${round}-` }, headers: keyOf('create') }),
    api('POST', `/v1/keys/${target}/rotate`, { body: { graceSeconds: 600 }, headers: keyOf('rotate') }),
    api('POST', '/v1/keys/bulk', { body: { keys: rows }, headers: keyOf('bulk') }),
    api('POST', '/v1/keys/bulk-revoke', { body: { keys: doomed }, headers: keyOf('bulk-revoke') }),
  ]
  return Promise.all(calls.map((call) => call.catch(() => null)))
}

describe(`a process that is killed while it answers (seed ${seed})`, () => {
  it(`carries each call out once, however it is repeated, ${rounds} times`, {
    timeout: 60_000 + rounds * 10_000,
  }, async () => {
    for (let round = 0; round < rounds; round++) {
      const body = { organization: 'acme', name: `target-${round}` }
      const target = (await running.api('POST', '/v1/keys', { body })).json
      const others = Array.from({ length: 30 }, (_, row) => ({ organization: 'acme', name: `doomed-${round}-${row}` }))
      const doomed: Made[] = (await running.api('POST', '/v1/keys/bulk', { body: { keys: others } })).json.results
      const ids = doomed.map(({ key }) => key.id)
      const first = callAll(round, target.id, ids)
      await setTimeout(random() * 60)
      await running.end('SIGKILL')
      const before = await first
      running = await startOn(folder)
      const [created, rotated, bulk, revoked] = await callAll(round, target.id, ids)

      expect([created?.status, rotated?.status, bulk?.status, revoked?.status]).toEqual([201, 200, 200, 200])
      expect(bulk?.json).toMatchObject({ created: 30, refused: 0 })
      expect(revoked?.json).toMatchObject({ revoked: 30, refused: 0 })
      for (const { key, credential } of doomed) {
        expect(await running.ask(credential)).toBe(401)
        const { json } = await running.api('GET', `/v1/audit?key=${key.id}&action=key.revoked`)
        expect(json.events).toHaveLength(1)
      }
      const now = [created?.json, rotated?.json, ...(bulk?.json.results ?? [])]
      for (const { credential } of now) expect(await running.ask(credential)).toBe(404)
      const [createdBefore, rotatedBefore, bulkBefore] = before
      const earlier = [createdBefore?.json, rotatedBefore?.json, ...(bulkBefore?.json?.results ?? [])]
      for (const { credential } of earlier.filter((it) => it?.credential))
        expect(await running.ask(credential)).toBe(401)

      const { json } = await running.api('GET', `/v1/keys/${target.id}`)
      expect(json.versions.filter(({ retiresAt }: { retiresAt: string | null }) => retiresAt === null)).toHaveLength(1)
      expect(await running.ask(target.credential)).toBe(404)
      for (const [q, count] of [
        [`one-${round}-`, 1],
        [`bulk-${round}-`, 30],
      ] as const) {
        const list = await running.api('GET', `/v1/keys?organization=acme&limit=200&q=${q}`)
        expect([q, list.json.keys.length]).toEqual([q, count])
      }
    }
    const changes: Parameters<typeof verifyChain>[1] = await allChanges()
    expect(verifyChain({ number: 0, hash: '0'.repeat(64) }, changes)).toMatchObject({ ok: true })
  })
})

async function allChanges() {
  const changes = []
  let cursor: string | null = null
  do {
    const next: string = cursor === null ? '' : `&cursor=${cursor}`
    const { json } = await running.api('GET', `/v1/audit?first=oldest&limit=200${next}`)
    changes.push(...json.events.map((event: { at: string }) => ({ ...event, at: new Date(event.at) })))
    cursor = json.nextCursor
  } while (cursor !== null)
  return changes
}
