/**
 * Lists and look-ups of the management API over a load of 10,000 organizations and 1,000,000 keys, 100,000 of them in one,
 * on SQLite: medians as its callers see them, over HTTP.
 * `node --conditions=keywright-source bench/control.ts [keys] [organizations]`
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSettings } from '../packages/server/src/config/read-settings.ts'
import { startInstance } from '../packages/server/src/main.ts'
import { median, report } from './measure.ts'
import { seed } from './seed.ts'

const serviceKey = 'a-service-key-of-the-bench-with-many-characters'
const rounds = 41
const mostMs = 20
const [keys = 1_000_000, organizations = 10_000] = process.argv.slice(2).map(Number)

const folder = mkdtempSync(join(tmpdir(), 'keywright-bench-'))
mkdirSync(join(folder, 'data'))
try {
  const started = performance.now()
  const sample = seed(join(folder, 'data', 'keywright.db'), { keys, organizations })
  console.log(`${keys} keys in ${organizations} organizations, made in ${Math.round(performance.now() - started)} ms`)
  await measure(sample)
} finally {
  rmSync(folder, { recursive: true })
}

async function measure({ key, hint, project, actor }: ReturnType<typeof seed>): Promise<void> {
  const flags = { port: '0', controlPort: '0', data: 'data', contract: 'keywright' }
  const settings = await readSettings({ flags, env: { KEYWRIGHT_SERVICE_KEY: serviceKey }, folder })
  const instance = await startInstance(settings, { folder, logTo: { write: () => {} } })
  const headers = { authorization: `Bearer ${serviceKey}` }

  async function read(path: string) {
    const response = await fetch(instance.control + path, { headers })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
    return JSON.parse(text) as { nextCursor?: string | null } & Record<string, unknown[]>
  }

  /** The first page and the eleventh; null where there is none. */
  async function pagesOf(path: string): Promise<[string, string | null]> {
    let cursor: string | null | undefined
    for (let page = 0; page < 10; page++) {
      const { nextCursor } = await read(cursor ? `${path}&cursor=${cursor}` : path)
      if (!nextCursor) return [path, null]
      cursor = nextCursor
    }
    return [path, `${path}&cursor=${cursor}`]
  }

  /** As a caller sees it, and in processor time of both sides, which other programs on the machine do not lengthen. */
  async function timeOf(path: string): Promise<{ wall: number; cpu: number }> {
    const wall: number[] = []
    const cpu: number[] = []
    for (let round = -2; round < rounds; round++) {
      const start = performance.now()
      const before = process.cpuUsage()
      await read(path)
      const { user, system } = process.cpuUsage(before)
      if (round < 0) continue
      wall.push(performance.now() - start)
      cpu.push((user + system) / 1000)
    }
    return { wall: median(wall), cpu: median(cpu) }
  }

  const slow: string[] = []
  async function show(title: string, paths: readonly string[]): Promise<void> {
    const rows: [string, string][] = []
    for (const path of paths) {
      const [first, later] = path.includes('?') ? await pagesOf(path) : [path, null]
      const times = [await timeOf(first), ...(later === null ? [] : [await timeOf(later)])]
      const found = Object.values(await read(first)).find(Array.isArray)?.length
      rows.push([
        path,
        `${times.map(({ wall, cpu }) => `${wall.toFixed(1)} (${cpu.toFixed(1)}) ms`).join(', ')}${found === undefined ? '' : ` for ${found}`}`,
      ])
      if (times.some(({ wall }) => wall > mostMs)) slow.push(path)
    }
    report(title, rows)
  }

  const states = ['active', 'suspended', 'expired', 'revoked']
  const orders = ['created', 'name', 'expires', 'lastUsed'].flatMap((order) => [
    `order=${order}`,
    `order=${order}&direction=desc`,
  ])
  const within = (organization: string) => [
    ...orders.map((order) => `/v1/keys?organization=${organization}&${order}`),
    ...states.map((state) => `/v1/keys?organization=${organization}&state=${state}`),
    ...states.map((state) => `/v1/keys?organization=${organization}&state=${state}&order=name`),
    ...['prod', 'key 77', 'no such name'].map(
      (q) => `/v1/keys?organization=${organization}&q=${q.replace(' ', '%20')}`,
    ),
    `/v1/keys?organization=${organization}&q=no%20such&order=name`,
  ]
  await show('one', [
    `/v1/keys/${key}`,
    '/v1/organizations/org-77',
    `/v1/projects/${project}`,
    `/v1/keys/${key}/callers`,
    '/v1/whoami',
  ])
  await show('all organizations: first page, eleventh page', [
    '/v1/organizations?limit=50',
    '/v1/projects?limit=50',
    '/v1/service-keys?limit=50',
    '/v1/keys?limit=50',
    '/v1/keys?direction=desc',
    ...states.map((state) => `/v1/keys?state=${state}`),
    ...states.map((state) => `/v1/keys?state=${state}&direction=desc`),
    `/v1/keys?q=${key}`,
    `/v1/keys?q=${encodeURIComponent(hint)}`,
    '/v1/keys?q=key_0',
  ])
  await show('a usual organization', within('org-77'))
  await show('one with a tenth of all keys', [...within('org-0'), `/v1/keys?project=${project}`])
  await show('the audit log', [
    '/v1/audit?first=newest',
    '/v1/audit?first=oldest',
    '/v1/audit?organization=org-77',
    '/v1/audit?organization=org-0',
    `/v1/audit?key=${key}`,
    `/v1/audit?actor=${actor}`,
    '/v1/audit?action=key.revoked',
    '/v1/audit?action=operator.added',
    '/v1/audit?triggeredBy=ui',
    '/v1/audit?organization=org-0&triggeredBy=ui',
    '/v1/audit?since=2026-06-01T00:00:00Z&until=2026-06-02T00:00:00Z',
    '/v1/audit?until=2026-01-02T00:00:00Z',
  ])
  await instance.stop()
  if (slow.length === 0) console.log(`\nnothing above ${mostMs} ms`)
  else console.log(`\nabove ${mostMs} ms:\n${slow.map((path) => `  ${path}`).join('\n')}`)
}
