import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stage, startStage, stopStage } from '../support/instances.ts'
import { bearer, type Wire, wireTo } from '../support/wire.ts'

let stage: Stage
let ask: Wire

beforeAll(async () => {
  stage = await startStage('keywright')
  ask = wireTo(stage.server.edge)
})
afterAll(() => stopStage(stage))

const things = (headers: Record<string, string>) => ask('GET', '/v1/things', { headers })

describe("under Keywright's own contract", () => {
  it('two credentials are one too many, in whatever headers (RFC 6750 §3.1)', async () => {
    const { key, other } = stage
    for (const second of [key.credential, other.credential, 'nonsense', '']) {
      const answer = await things({ ...bearer(key.credential), 'X-Api-Key': second })
      expect([answer.status, answer.json.code]).toEqual([400, 'invalid_request'])
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="keywright", error="invalid_request"')
    }
    const somebodyElses = { authorization: 'Basic eDp5', 'X-Api-Key': key.credential }
    expect((await things(somebodyElses)).status).toBe(200)
  })

  it('a refusal is a problem (RFC 9457) that says what to do, and names the request', async () => {
    const answer = await things({ 'X-Request-Id': 'mine' })
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.json).toEqual({
      type: 'about:blank',
      title: 'Unauthorized',
      status: 401,
      detail: expect.stringContaining('Authorization: Bearer'),
      code: 'missing_credential',
      requestId: 'mine',
    })
  })

  it('a limit is told in RateLimit fields, and the wait is never shorter than they say', async () => {
    const limits = [
      { requests: 5, windowSeconds: 60, per: 'key', kind: 'window' },
      { requests: 2, windowSeconds: 3600, per: 'organization', kind: 'bucket' },
    ] as const
    const { credential } = await stage.server.issueElsewhere({ limits })
    const first = await things(bearer(credential))
    expect(first.headers.get('ratelimit-policy')).toBe('"key-window";q=5;w=60, "organization-bucket";q=2;w=3600')
    expect(first.headers.get('ratelimit')).toMatch(/^"key-window";r=4;t=\d+, "organization-bucket";r=1;t=\d+$/)
    await things(bearer(credential))
    const over = await things(bearer(credential))
    expect([over.status, over.json.code]).toEqual([429, 'rate_limited'])
    const wait = Number(over.headers.get('retry-after'))
    const told = /"organization-bucket";r=0;t=(\d+)/.exec(over.headers.get('ratelimit') ?? '')?.[1]
    expect(wait).toBeGreaterThanOrEqual(Number(told))
  })

  it.each(['live', 'test'])(
    'a secret or restricted key for %s may ask, a publishable one may not',
    async (environment) => {
      for (const kind of ['secret', 'restricted', 'publishable']) {
        const { credential } = await stage.server.issue({ kind, environment, limits: [] })
        const answer = await things(bearer(credential))
        expect(answer.status).toBe(kind === 'publishable' ? 403 : 200)
      }
    },
  )

  it('a key with a list of permissions is refused where no rule asks for one', async () => {
    const { credential } = await stage.server.issue({ permissions: ['things:read'] })
    const answer = await things(bearer(credential))
    expect([answer.status, answer.json.code]).toEqual([403, 'forbidden'])
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="keywright", error="insufficient_scope"')
  })
})
