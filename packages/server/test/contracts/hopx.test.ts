import { type NewKey, rotate } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stage, startStage, stopStage } from '../support/instances.ts'
import { startServer, tester } from '../support/start-server.ts'
import { bearer, type Wire, wireTo } from '../support/wire.ts'

let stage: Stage
let ask: Wire

beforeAll(async () => {
  stage = await startStage('hopx')
  ask = wireTo(stage.server.edge)
})
afterAll(() => stopStage(stage))

const withKey = async (input: Partial<NewKey> = {}) =>
  wireTo(stage.server.edge, bearer((await stage.server.issue({ limits: [], ...input })).credential))

const unauthorized = (id: unknown) => ({ error: 'Unauthorized', code: 'AUTHENTICATION_REQUIRED', request_id: id })

describe('a HopX key', () => {
  it('has a public id, which may be shown, belongs to one secret and is new with the next', async () => {
    const { key, credential } = await stage.server.issue()
    expect(credential).toMatch(/^hopx_live_[0-9A-Za-z]{12}\.[A-Za-z0-9_-]{43}$/)
    expect(key.versions[0]?.hint).toBe(credential.split('.')[0])
    const rotated = await rotate(stage.server.lifecycle, tester, key.id, { graceSeconds: 60 })
    expect(rotated.credential.slice(0, 22)).not.toBe(credential.slice(0, 22))
    for (const each of [credential, rotated.credential]) {
      expect((await ask('GET', '/v1/sandboxes', { headers: bearer(each) })).status).toBe(200)
    }
  })

  it('is the whole credential: the id of one key with the secret of another is nobody', async () => {
    const [id] = stage.key.credential.split('.')
    const [, secret] = stage.other.credential.split('.')
    const { status } = await ask('GET', '/v1/sandboxes', { headers: bearer(`${id}.${secret}`) })
    expect(status).toBe(401)
  })

  it('is equally good in both headers, and in both at once where they agree', async () => {
    const { key, other } = stage
    const both = (authorization: string, apiKey: string) =>
      ask('GET', '/v1/sandboxes', { headers: { ...bearer(authorization), 'X-API-Key': apiKey } })
    expect((await both(key.credential, key.credential)).status).toBe(200)
    for (const [one, two] of [
      [key.credential, other.credential],
      [key.credential, 'nonsense'],
      ['nonsense', key.credential],
    ]) {
      const answer = await both(one ?? '', two ?? '')
      expect([answer.status, answer.json]).toEqual([401, unauthorized(answer.headers.get('x-request-id'))])
    }
  })

  it('is missing, malformed, unknown or revoked in the same words', async () => {
    for (const headers of [{}, bearer('nonsense'), { 'X-API-Key': '' }, { authorization: 'Basic eDp5' }]) {
      const answer = await ask('GET', '/v1/sandboxes', { headers })
      expect([answer.status, answer.json]).toEqual([401, unauthorized(answer.headers.get('x-request-id'))])
    }
  })

  it('is needed by every path but /health', async () => {
    for (const path of ['/', '/v1', '/v1/anything', '/metrics', '/healthz', '/.well-known/security.txt']) {
      expect((await ask('GET', path)).status).toBe(401)
    }
    expect((await ask('GET', '/health')).status).toBe(200)
  })
})

describe('permissions', () => {
  const forbidden = (id: unknown) => ({ error: 'Forbidden', code: 'INSUFFICIENT_PERMISSIONS', request_id: id })
  const calls = [
    ['GET', '/v1/sandboxes', 'sandboxes:read'],
    ['HEAD', '/v1/sandboxes', 'sandboxes:read'],
    ['GET', '/v1/sandboxes/', 'sandboxes:read'],
    ['GET', '/v1/sandboxes/sb_1/files/a.txt', 'sandboxes:read'],
    ['POST', '/v1/sandboxes', 'sandboxes:write'],
    ['PUT', '/v1/sandboxes/sb_1', 'sandboxes:write'],
    ['PATCH', '/v1/sandboxes/sb_1', 'sandboxes:write'],
    ['DELETE', '/v1/sandboxes/sb_1', 'sandboxes:write'],
    ['OPTIONS', '/v1/sandboxes', 'sandboxes:write'],
    ['GET', '/v1/templates', 'templates:read'],
    ['GET', '/v1/templates/t_1', 'templates:read'],
    ['POST', '/v1/templates', 'templates:write'],
    ['DELETE', '/v1/templates/t_1', 'templates:write'],
  ] as const
  const all = ['sandboxes:read', 'sandboxes:write', 'templates:read', 'templates:write']

  it.each(calls)('%s %s needs %s and nothing else', async (method, path, needed) => {
    const may = await withKey({ permissions: [needed] })
    expect((await may(method, path)).status).toBe(200)
    expect(stage.upstream.lastHeader('X-Permissions')).toEqual([needed])
    const count = stage.upstream.received.length
    for (const permissions of [[], all.filter((permission) => permission !== needed)]) {
      const answer = await (await withKey({ permissions }))(method, path)
      expect(answer.status).toBe(403)
      if (method !== 'HEAD') expect(answer.json).toEqual(forbidden(answer.headers.get('x-request-id')))
    }
    expect(stage.upstream.received).toHaveLength(count)
  })

  it('with a star are all of a resource, and a key without a list has all', async () => {
    const templates = await withKey({ permissions: ['templates:*'] })
    const everything = await withKey()
    for (const [method, path, needed] of calls) {
      expect((await templates(method, path)).status).toBe(needed.startsWith('templates') ? 200 : 403)
      expect((await everything(method, path)).status).toBe(200)
      expect(stage.upstream.lastHeader('X-Permissions')).toEqual([])
    }
  })

  it.each([
    '/v1/sandboxesX',
    '/v1/Sandboxes',
    '/V1/sandboxes',
    '/v1/sandboxes.',
    '/v1/sandboxes%20',
    '/v1',
    '/',
    '/v2/sandboxes',
    '/v1/other',
  ])('are not what %s asks for: a key with a list is refused there', async (path) => {
    const listed = await withKey({ permissions: all })
    const count = stage.upstream.received.length
    for (const method of ['GET', 'POST', 'DELETE']) expect((await listed(method, path)).status).toBe(403)
    expect(stage.upstream.received).toHaveLength(count)
    expect((await (await withKey())('GET', path)).status).toBe(200)
  })
})

describe('the limit', () => {
  it('is 100 requests a minute, told on every answer, and past it of when to come back', async () => {
    const { credential } = await stage.server.issue({ permissions: ['sandboxes:read'] })
    const call = wireTo(stage.server.edge, bearer(credential))
    const told = ({ headers }: { headers: Headers }) => [
      headers.get('x-ratelimit-limit'),
      headers.get('x-ratelimit-remaining'),
      headers.get('x-ratelimit-reset'),
    ]
    for (let spent = 1; spent <= 100; spent++) {
      const answer = await call('GET', '/v1/sandboxes')
      expect([answer.status, ...told(answer)]).toEqual([
        200,
        '100',
        String(100 - spent),
        expect.stringMatching(/^\d+$/),
      ])
      if (spent === 50) {
        // What is refused for another reason costs nothing, and is told all the same.
        const refused = await call('DELETE', '/v1/sandboxes/sb_1')
        expect([refused.status, ...told(refused)]).toEqual([403, '100', '50', expect.stringMatching(/^\d+$/)])
      }
    }
    const over = await call('GET', '/v1/sandboxes')
    expect([over.status, ...told(over)]).toEqual([429, '100', '0', expect.stringMatching(/^\d+$/)])
    const wait = Number(over.headers.get('retry-after'))
    expect(wait).toBeGreaterThanOrEqual(1)
    expect(wait).toBeLessThanOrEqual(60)
    expect(over.json).toEqual({
      error: 'Rate limit exceeded: 100 requests per minute',
      code: 'RATE_LIMIT_EXCEEDED',
      request_id: over.headers.get('x-request-id'),
      retry_after: wait,
    })
    const another = await stage.server.issue()
    expect((await wireTo(stage.server.edge, bearer(another.credential))('GET', '/v1/sandboxes')).status).toBe(200)
  })

  it('lets exactly a hundred of many at once through', async () => {
    const { credential } = await stage.server.issue()
    const call = wireTo(stage.server.edge, bearer(credential))
    const answers = await Promise.all(Array.from({ length: 150 }, () => call('GET', '/v1/sandboxes')))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(50)
  })

  it('is not spent by those who do not hold the key', async () => {
    const { credential } = await stage.server.issue()
    const id = credential.split('.')[0]
    for (const wrong of [`${id}.${'A'.repeat(43)}`, `${credential}x`, `${id}`, credential.toLowerCase()]) {
      const answer = await ask('GET', '/v1/sandboxes', { headers: bearer(wrong) })
      expect(answer.status).toBe(401)
      expect(answer.headers.has('x-ratelimit-limit')).toBe(false)
    }
    const answer = await ask('GET', '/v1/sandboxes', { headers: bearer(credential) })
    expect(answer.headers.get('x-ratelimit-remaining')).toBe('99')
  })

  it('is told as whole from now on, where requests are let through uncounted', async () => {
    const env = { KEYWRIGHT_WHEN_LIMITER_UNAVAILABLE: 'allow' }
    const server = await startServer({ contract: 'hopx', redis: 'redis://127.0.0.1:9', env })
    const call = wireTo(server.edge, bearer((await server.issue()).credential))
    const asked = Math.floor(Date.now() / 1000)
    const { headers } = await call('GET', '/v1/sandboxes')
    const answered = Math.ceil(Date.now() / 1000)
    await server.stop()
    const told = (name: string) => Number(headers.get(`x-ratelimit-${name}`))
    expect([told('limit'), told('remaining')]).toEqual([100, 100])
    expect(told('reset')).toBeGreaterThanOrEqual(asked)
    expect(told('reset')).toBeLessThanOrEqual(answered)
  })

  it('is what the key says, where it says so', async () => {
    const limited = await withKey({ limits: [{ requests: 3, windowSeconds: 3600, per: 'key', kind: 'window' }] })
    const answers = []
    for (let i = 0; i < 4; i++) answers.push(await limited('GET', '/v1/sandboxes'))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429])
    expect(answers[3]?.json.error).toBe('Rate limit exceeded: 3 requests per hour')
    const unlimited = await (await withKey({ limits: [] }))('GET', '/v1/sandboxes')
    expect(unlimited.headers.has('x-ratelimit-limit')).toBe(false)
  })
})
