import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createOrganization, issue } from '@keywright/core'
import { Pool } from 'undici'
import { readSettings } from '../../packages/server/src/config/read-settings.ts'
import { startInstance } from '../../packages/server/src/main.ts'

/** What a process of the benchmark says once it serves. */
export interface Started {
  url: string
  edge?: string
  control?: string
  credential?: string
  serviceKey?: string
}

const [kind, upstream = ''] = process.argv.slice(2)

/** GET: a fixed answer. POST: reads JSON, and answers a verdict as long as the verify endpoint's. */
const bare: RequestListener = (request, response) => {
  if (request.method !== 'POST') {
    response.writeHead(200, { 'content-length': 2 }).end('ok')
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { method } = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    const body = JSON.stringify({ ...verdict, allowed: method === 'GET' })
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
  })
}

const verdict = {
  allowed: true,
  principal: {
    ...{ key: 'key_01m7y35t8cemds4ey5cr5q4crk', version: 1, organization: 'acme', project: null, user: null },
    ...{ kind: 'secret', environment: 'live', permissions: null, namespaces: null },
  },
  limits: [
    {
      ...{ requests: 1_000_000, windowSeconds: 60, per: 'key', kind: 'window' },
      ...{ remaining: 999_999, resetAt: '2026-01-01T00:00:00.000Z' },
    },
  ],
  retiresAt: null,
}

function proxyTo(url: string): RequestListener {
  const pool = new Pool(url)
  return ({ method = 'GET', url: path = '', headers }, response) => {
    const options = { method: method as 'GET', path, headers, opaque: response }
    void pool.stream(options, ({ statusCode, headers }) => response.writeHead(statusCode, headers))
  }
}

async function serve(listener: RequestListener): Promise<Started> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function serveKeywright(): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'keywright-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true }))
  process.on('SIGTERM', () => process.exit())
  const serviceKey = 'a-service-key-of-the-bench-with-many-characters'
  const flags = { port: '0', controlPort: '0', data: 'data', upstream }
  const settings = await readSettings({ flags, env: { KEYWRIGHT_SERVICE_KEY: serviceKey }, folder })
  const { lifecycle, edge, control } = await startInstance(settings, { folder, logTo: { write: () => {} } })
  const actor = { type: 'system', id: 'bench', triggeredBy: 'api', address: null, requestId: null } as const
  await createOrganization(lifecycle, actor, { id: 'acme', name: 'Acme' })
  const limits = [{ requests: 1_000_000_000, windowSeconds: 60, per: 'key', kind: 'window' }] as const
  const { credential } = await issue(lifecycle, actor, { organization: 'acme', name: 'bench', limits })
  return { url: edge, edge, control, credential, serviceKey }
}

const started = kind === 'keywright' ? serveKeywright() : serve(kind === 'proxy' ? proxyTo(upstream) : bare)
process.send?.(await started)
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})
