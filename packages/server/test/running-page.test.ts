import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { identityHeaderNames } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { perInstance, perNetwork } from '../src/edge/failed-attempts.ts'
import { startUpstream, type Upstream } from './support/echo-upstream.ts'
import { startServer, type TestServer } from './support/start-server.ts'

const root = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/running.md', root), 'utf8')

const rows = page.split('\n').filter((line) => line.startsWith('| `'))

describe('the page of what runs', () => {
  let upstream: Upstream
  let server: TestServer
  beforeAll(async () => {
    upstream = await startUpstream()
    // Without a service key of its own, so that one is made.
    const env = { KEYWRIGHT_SERVICE_KEY: '' }
    server = await startServer({ contract: 'keywright', upstream: upstream.url, env })
  })
  afterAll(async () => {
    await server.stop()
    await upstream.stop()
  })

  it('shows what health and readiness answer', async () => {
    const answer = async (url: string) => {
      const response = await fetch(url)
      return `${response.status} \`${await response.text()}\``
    }
    const told = (path: string) => rows.find((row) => row.startsWith(`| \`GET ${path}\``))
    for (const side of [server.edge, server.control]) expect(told('/health')).toContain(await answer(`${side}/health`))
    expect(told('/ready')).toContain(await answer(`${server.control}/ready`))
    expect(upstream.received).toEqual([])
  })

  it('names every header that says who calls', () => {
    const named = rows.flatMap((row) => row.match(/^\| `(X-[^`]+)`/)?.[1] ?? [])
    expect(named).toEqual(identityHeaderNames)
  })

  it('names every file of a data folder', () => {
    const files = readdirSync(join(server.folder, 'data')).filter((file) => !/-(?:wal|shm|journal)$/.test(file))
    expect(files).toContain('service-key')
    expect(files.filter((file) => !page.includes(`\`${file}\``))).toEqual([])
  })

  it('names files for proxies that are there', () => {
    const files = readdirSync(new URL('examples/forward-auth', root))
    const told =
      page.match(/(?<=`)(?:nginx\.conf|Caddyfile|haproxy\.\w+|(?:traefik|traefik-routes|envoy)\.yaml)(?=`)/g) ?? []
    expect([...told].sort()).toEqual(files.sort())
  })

  it('says how many attempts without a key that works are let pass', () => {
    for (const { requests, windowSeconds } of [perNetwork, perInstance]) {
      expect(windowSeconds).toBe(60)
      expect(page).toContain(requests.toLocaleString('en'))
    }
  })
})
