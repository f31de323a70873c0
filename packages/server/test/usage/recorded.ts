import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keywright } from '@keywright/contracts'
import {
  type Contract,
  compileFormat,
  createDigester,
  createOrganization,
  createVerifier,
  type Issued,
  issue,
  type Lifecycle,
  parseContract,
  publish,
  type Verifier,
} from '@keywright/core'
import { createRedaction } from '../../src/log/redact.ts'
import { openPostgres, openSqlite, type SharedStore, type SqliteStore } from '../../src/stores/index.ts'
import type { Retention } from '../../src/usage/pruner.ts'
import { startUsage, type Usage } from '../../src/usage/usage.ts'
import { tester } from '../support/start-server.ts'

export const contract: Contract = parseContract({
  ...keywright,
  name: 'recorded',
  plans: { free: { monthlyQuota: null, limits: [] } },
  routes: [{ path: '/v1/items/{item}/**', permission: { read: 'items:read', write: 'items:write' } }],
})

/** One process's part, over a database that several may share. */
export interface Node {
  verifier: Verifier
  usage: Usage
}

export interface Recorded {
  lifecycle: Lifecycle
  issue: (organization?: string) => Promise<Issued>
  /** Another that counts for itself. */
  node: (options?: { flushEveryMs?: number }) => Node
  /** The clock of all of them. */
  clock: { nowMs: number }
  store: SqliteStore | SharedStore
  file: string
  errors: unknown[]
  /** What all nodes have told of. */
  dropped: { callers: number; refusals: number; counts: number }
  close: () => Promise<void>
}

/** A real database with the organization `acme`, on SQLite unless `database` is given, and a clock that stands still. */
export async function startRecorded({
  retention = {},
  database,
}: {
  retention?: Partial<Retention>
  database?: string
} = {}): Promise<Recorded> {
  const folder = mkdtempSync(join(tmpdir(), 'keywright-usage-'))
  const file = join(folder, 'keywright.sqlite')
  const store = database === undefined ? openSqlite(file) : openPostgres(database)
  if ('prepare' in store && typeof store.prepare === 'function') await store.prepare()
  const clock = { nowMs: Date.UTC(2026, 10, 20, 8, 30) }
  const nodes: Node[] = []
  const errors: unknown[] = []
  const dropped = { callers: 0, refusals: 0, counts: 0 }
  const format = compileFormat(contract.key)
  const published = publish(store, async (changes) => {
    for (const { verifier, usage } of nodes) {
      usage.apply(changes)
      await verifier.apply(changes)
    }
  })
  const now = () => new Date(clock.nowMs)
  const lifecycle = { contract, format, digester: createDigester(), store: published, now }
  const known = new Set<string>()
  return {
    lifecycle,
    clock,
    store,
    file,
    errors,
    dropped,
    async issue(organization = 'acme') {
      if (!known.has(organization)) {
        await createOrganization(lifecycle, tester, { id: organization, name: organization })
        known.add(organization)
      }
      return issue(lifecycle, tester, { organization, name: 'test' })
    },
    node({ flushEveryMs = 3_600_000 } = {}) {
      const usage = startUsage({
        contract,
        store: store.usage,
        redact: createRedaction(['kw_live_']),
        retention: { usageDays: 400, decisionsDays: 30, callersDays: 90, ...retention },
        now: () => clock.nowMs,
        flushEveryMs,
        onError: (error) => void errors.push(error),
        onDropped: (kind, count) => {
          dropped[kind] += count
        },
      })
      const inner = createVerifier({ contract, keys: store, quotas: usage.quotas, now: () => clock.nowMs })
      const node = { usage, verifier: usage.recording(inner) }
      nodes.push(node)
      return node
    },
    async close() {
      for (const { usage } of nodes) await usage.stop().catch(() => {})
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}
