import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readTarget, updateOrganization } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import targets from '../../../../spec/attacks/targets.json' with { type: 'json' }
import { type Stage, startStage, stopStage } from '../support/instances.ts'
import {
  isInstalled,
  type RunningProxy,
  startCaddy,
  startEnvoy,
  startHaproxy,
  startNginx,
  startTraefik,
} from '../support/proxies.ts'
import { rawRequest } from '../support/raw-request.ts'
import { tester } from '../support/start-server.ts'

const further = [
  { name: 'Traefik', file: 'traefik.yaml', listen: '127.0.0.1:8080', start: startTraefik, tellsTheBody: true },
  { name: 'Envoy', file: 'envoy.yaml', listen: 'port_value: 8080', start: startEnvoy, tellsTheBody: true },
]
const proxies = [
  { name: 'nginx', file: 'nginx.conf', listen: '127.0.0.1:8080', start: startNginx, tellsTheBody: false },
  { name: 'Caddy', file: 'Caddyfile', listen: ':8080', start: startCaddy, tellsTheBody: true },
  { name: 'HAProxy', file: 'haproxy.cfg', listen: '127.0.0.1:8080', start: startHaproxy, tellsTheBody: true },
  // No package of Debian has these: they are tested where they are installed.
  ...further.filter(({ name }) => isInstalled(name.toLowerCase())),
]

const identity = ['X-Key-Id', 'X-Organization-Id', 'X-Project-Id', 'X-User-Id', 'X-Permissions', 'X-Namespaces']

const steering = [
  'X-HTTP-Method',
  'X-HTTP-Method-Override',
  'X-Method-Override',
  'X-Rewrite-Url',
  'X-Original-Method',
  'X-Original-Uri',
  'X-Original-Url',
  'X-Original-Host',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Method',
  'X-Forwarded-Uri',
  'X-Forwarded-Prefix',
  'X-Forwarded-Port',
  'X-Middleware-Subrequest',
  'X-Real-IP',
  'X-Client-IP',
  'X-Cluster-Client-IP',
  'True-Client-IP',
  'Forwarded',
  'X-Auth-Status',
  'Proxy',
]

const webSocket = [`Sec-WebSocket-Key: ${btoa('0123456789abcdef')}`, 'Sec-WebSocket-Version: 13']

const examples = fileURLToPath(new URL('../../../../examples/forward-auth', import.meta.url))

const pathOf = (target: string) => target.split('?', 1)[0]

/** As the example has it, but for the three addresses, and with all that belongs to it in the same folder. */
function startExample({ file, listen, start }: (typeof proxies)[number], stage: Stage): Promise<RunningProxy> {
  return start((port, folder) => {
    for (const name of readdirSync(examples)) {
      const text = readFileSync(join(examples, name), 'utf8')
      const moved = text
        .replace(listen, listen.replace('8080', String(port)))
        .replaceAll(/(127\.0\.0\.1:|port_value: )3000/g, `$1${new URL(stage.upstream.url).port}`)
        .replaceAll(/(127\.0\.0\.1:|port_value: )8788/g, `$1${new URL(stage.server.control).port}`)
      writeFileSync(join(folder, name), moved)
    }
    return readFileSync(join(folder, file), 'utf8')
  })
}

describe.each(proxies)('behind $name, configured as in the example', (example) => {
  const { tellsTheBody } = example
  let stage: Stage
  let proxy: RunningProxy

  beforeAll(async () => {
    stage = await startStage('hopx')
    proxy = await startExample(example, stage)
  })
  afterAll(async () => {
    await proxy?.stop()
    await stopStage(stage)
  })

  const ask = (lines: string[] = [], options: { method?: string; target?: string; body?: string } = {}) =>
    rawRequest(proxy.url, { target: '/v1/sandboxes', ...options, lines })
  const key = () => `X-API-Key: ${stage.key.credential}`

  it('a valid key is let through, and the upstream learns who calls, but not the key', async () => {
    expect((await ask([key()])).status).toBe(200)
    expect(stage.upstream.lastHeader('X-Key-Id')).toEqual([stage.key.key.id])
    expect(stage.upstream.lastHeader('X-Organization-Id')).toEqual(['acme'])
    expect((await ask([`Authorization: Bearer ${stage.key.credential}`])).status).toBe(200)
    expect(JSON.stringify(stage.upstream.received)).not.toContain(stage.key.credential)
  })

  it('nothing is said of who calls where nobody is asked for a key', async () => {
    expect((await ask([], { target: '/health' })).status).toBe(200)
    for (const name of identity) expect([name, stage.upstream.lastHeader(name)]).toEqual([name, []])
  })

  it('a body arrives whole', async () => {
    const { status } = await ask([key(), 'Content-Length: 5'], { method: 'POST', body: 'hello' })
    expect(status).toBe(200)
    expect(stage.upstream.received.at(-1)).toMatchObject({ method: 'POST', body: 'hello' })
  })

  it('a missing, an invalid and a revoked key are refused', async () => {
    const count = stage.upstream.received.length
    const issued = await stage.server.issue()
    await stage.server.revoke(issued.key.id)
    for (const lines of [[], ['X-API-Key: nonsense'], [`X-API-Key: ${issued.credential}`]]) {
      const answer = await ask(lines)
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toContain('Bearer realm="hopx"')
      if (tellsTheBody) expect(JSON.parse(answer.body)).toMatchObject({ code: 'AUTHENTICATION_REQUIRED' })
    }
    expect(stage.upstream.received).toHaveLength(count)
  })

  it('a key is refused what its permissions do not reach, whatever the method is', async () => {
    const issued = await stage.server.issue({ permissions: ['sandboxes:read'] })
    const own = `X-API-Key: ${issued.credential}`
    expect((await ask([own])).status).toBe(200)
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) expect((await ask([own], { method })).status).toBe(403)
    expect((await ask([own], { target: '/v1/templates' })).status).toBe(403)
  })

  it('a method that nobody takes is refused, and the others are named', async () => {
    const { status, headers } = await ask([key()], { method: 'PROPFIND' })
    if (tellsTheBody) expect([status, headers.allow]).toEqual([405, 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'])
    else expect(status).toBe(403)
  })

  it('a caller past their limit is told so', async () => {
    const issued = await stage.server.issue({
      limits: [{ requests: 1, windowSeconds: 60, per: 'key', kind: 'window' }],
    })
    expect((await ask([`X-API-Key: ${issued.credential}`])).status).toBe(200)
    expect((await ask([`X-API-Key: ${issued.credential}`])).status).toBe(429)
  })

  it.each(identity)('a caller cannot say %s', async (name) => {
    const twins = ['!', '#', '$', '%', '&', "'", '*', '+', '.', '^', '_', '`', '|', '~'].map((mark) =>
      name.replaceAll('-', mark),
    )
    for (const twin of [name, name.toLowerCase(), ...twins]) {
      expect((await ask([key(), `${twin}: spoofed`])).status).toBe(200)
      expect(stage.upstream.lastHeader(name)).not.toContain('spoofed')
    }
  })

  it('a caller cannot take away by Connection what is said of them', async () => {
    const issued = await stage.server.issue({ permissions: ['sandboxes:read'] })
    const own = `X-API-Key: ${issued.credential}`
    for (const lines of [
      [`Connection: ${identity.join(', ')}`],
      [`Connection: upgrade, ${identity.join(', ')}`, 'Upgrade: websocket', ...webSocket],
    ]) {
      expect((await ask([own, ...lines])).status).toBe(200)
      expect(stage.upstream.lastHeader('X-Key-Id')).toEqual([issued.key.id])
      expect(stage.upstream.lastHeader('X-Permissions')).toEqual(['sandboxes:read'])
      expect(stage.upstream.lastHeader('Connection').join()).not.toMatch(/x-/i)
    }
  })

  it('of upgrades, those to a WebSocket alone reach the upstream, where the proxy knows them', async () => {
    const upgradeAsked = async (...lines: string[]) => {
      const count = stage.upstream.received.length
      const { status } = await ask([key(), 'Connection: Upgrade, HTTP2-Settings', ...lines, ...webSocket])
      expect(stage.upstream.received).toHaveLength(status === 200 ? count + 1 : count)
      return status === 200 ? stage.upstream.lastHeader('Upgrade').join().toLowerCase() : ''
    }
    expect(await upgradeAsked('Upgrade: WebSocket')).toBe(example.name === 'nginx' ? '' : 'websocket')
    for (const lines of [['Upgrade: h2c'], ['Upgrade: h2c, websocket'], ['Upgrade: h2c', 'Upgrade: websocket']]) {
      expect(await upgradeAsked(...lines, 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA')).not.toContain('h2c')
    }
  })

  it.each(steering)('a caller cannot have the upstream do something else by %s', async (name) => {
    expect((await ask([key(), `${name}: spoofed`])).status).toBe(200)
    expect(stage.upstream.lastHeader(name).join()).not.toContain('spoofed')
  })

  it('a caller cannot choose what is judged', async () => {
    const issued = await stage.server.issue({ permissions: ['templates:read'] })
    const count = stage.upstream.received.length
    for (const name of ['X-Original-URI', 'X-Forwarded-Uri', 'X_Original_URI', 'X-Rewrite-Url']) {
      const lines = [`X-API-Key: ${issued.credential}`, `${name}: /v1/templates`]
      expect([400, 403]).toContain((await ask(lines)).status)
    }
    for (const name of ['X-Original-Method', 'X-Forwarded-Method', 'X-HTTP-Method-Override']) {
      const lines = [`X-API-Key: ${issued.credential}`, `${name}: GET`]
      expect([400, 403]).toContain((await ask(lines, { method: 'POST', target: '/v1/templates' })).status)
    }
    expect(stage.upstream.received).toHaveLength(count)
  })

  it('a caller cannot say where they are', async () => {
    const issued = await stage.server.issue({ allowedIps: ['203.0.113.0/24'] })
    const lines = [`X-API-Key: ${issued.credential}`, 'X-Forwarded-For: 203.0.113.7', 'X-Real-IP: 203.0.113.7']
    expect((await ask(lines)).status).toBe(403)
  })

  it.each(targets.refused)(
    '$target is refused, or judged and forwarded in one and the same other spelling',
    async ({ target }) => {
      const count = stage.upstream.received.length
      const { status } = await ask([key()], { target: Buffer.from(target).toString('latin1') })
      const forwarded = stage.upstream.received.slice(count).map(({ url }) => url)
      if (status === 200) expect(forwarded.map(pathOf)).toEqual([readTarget(forwarded[0] ?? '')?.path])
      else expect(forwarded).toEqual([])
    },
  )
})

describe.each(proxies)('behind $name, with the default contract', (example) => {
  let stage: Stage
  let proxy: RunningProxy

  beforeAll(async () => {
    stage = await startStage('keywright')
    proxy = await startExample(example, stage)
  })
  afterAll(async () => {
    await proxy?.stop()
    await stopStage(stage)
  })

  it('nothing is said of what a key does not have', async () => {
    const lines = [`X-Api-Key: ${stage.key.credential}`]
    expect((await rawRequest(proxy.url, { target: '/v1/things', lines })).status).toBe(200)
    expect(stage.upstream.lastHeader('X-Key-Id')).toEqual([stage.key.key.id])
    for (const name of ['X-Project-Id', 'X-User-Id', 'X-Permissions', 'X-Namespaces']) {
      expect([name, stage.upstream.lastHeader(name)]).toEqual([name, []])
    }
  })

  it('an organization that has not paid is told so', async () => {
    const lines = [`X-Api-Key: ${stage.key.credential}`]
    expect((await rawRequest(proxy.url, { target: '/v1/things', lines })).status).toBe(200)
    await updateOrganization(stage.server.lifecycle, tester, stage.key.key.organization, { state: 'unpaid' })
    expect((await rawRequest(proxy.url, { target: '/v1/things', lines })).status).toBe(402)
  })
})

describe.each(proxies)('behind $name, with namespaces', (example) => {
  let stage: Stage
  let proxy: RunningProxy

  beforeAll(async () => {
    stage = await startStage('holonomix')
    proxy = await startExample(example, stage)
  })
  afterAll(async () => {
    await proxy?.stop()
    await stopStage(stage)
  })

  it('the longest lists of what a key may do arrive whole', async () => {
    const permissions = Array.from({ length: 69 }, (_, i) => `p${i}`.padEnd(49, 'x'))
    const namespaces = ['default', ...Array.from({ length: 69 }, (_, i) => `n${i}`.padEnd(49, 'x'))]
    const { key, credential } = await stage.server.issueElsewhere({ permissions })
    await updateOrganization(stage.server.lifecycle, tester, key.organization, { namespaces })
    const lines = [`X-Api-Key: ${credential}`]
    expect((await rawRequest(proxy.url, { target: '/v1/get/default/x', lines })).status).toBe(200)
    expect(stage.upstream.lastHeader('X-Permissions')).toEqual([permissions.join(' ')])
    expect(stage.upstream.lastHeader('X-Namespaces')).toEqual([namespaces.join(' ')])
  })
})

describe('the examples that Traefik and Envoy read', () => {
  const read = (name: string) => parse(readFileSync(join(examples, name), 'utf8'))
  const said = [...identity, 'X-Triggered-By']

  it('take from the answer alone what is said of a caller, and end the credential', () => {
    const { middlewares, routers } = read('traefik-routes.yaml').http
    expect(middlewares.keywright.forwardAuth.authResponseHeaders).toEqual([...said, 'X-Request-Id'])
    expect(middlewares['the-credential-ends-here'].headers.customRequestHeaders).toEqual({
      Authorization: '',
      'X-Api-Key': '',
    })
    expect(routers.api.middlewares.slice(1)).toEqual(['keywright', 'the-credential-ends-here'])
    expect(read('traefik.yaml').entryPoints.api.http.aliasHeadersStrategy).toBe('delete')
  })

  it('let nothing through without an answer, nor what a caller says of themselves', () => {
    const [before, asking, after] = read(
      'envoy.yaml',
    ).static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters.map(
      ({ typed_config }: { typed_config: unknown }) => typed_config,
    )
    const removed = (filter: typeof before) =>
      filter.mutations.request_mutations.flatMap(({ remove = [] }: { remove?: string | [] }) => remove)
    expect(removed(before)).toEqual(expect.arrayContaining(said))
    expect(asking.failure_mode_allow).toBe(false)
    expect(removed(after)).toEqual(['Authorization', 'X-Api-Key'])
  })
})
