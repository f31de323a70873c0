import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Stage, startStage, stopStage } from '../support/instances.ts'
import { bearer, type Wire, wireTo } from '../support/wire.ts'

let stage: Stage
let ask: Wire

beforeAll(async () => {
  stage = await startStage('operate')
  ask = wireTo(stage.server.edge)
})
afterAll(() => stopStage(stage))

const failure = (message: string, type = 'authentication_error') => ({ success: false, error: { type, message } })
const xApiKey = (credential: string) => ({ 'x-api-key': credential })
const companies = (headers: Record<string, string>) => ask('GET', '/companies/list', { headers })

it('a key is sk_live_ and what nobody can guess', () => {
  expect(stage.key.credential).toMatch(/^sk_live_[0-9A-Za-z]{43,}$/)
})

it('a key in Authorization counts as none, with or without Bearer', async () => {
  const { credential } = stage.key
  const others: Record<string, string>[] = [{}, bearer(credential), { authorization: credential }]
  for (const headers of others) {
    const answer = await companies(headers)
    expect([answer.status, answer.json]).toEqual([400, failure('Missing API Key')])
    expect(answer.headers.has('www-authenticate')).toBe(false)
  }
})

it('what stands in Authorization beside a key does not matter', async () => {
  for (const value of ['Bearer nonsense', `Bearer ${stage.other.credential}`, 'Basic eDp5']) {
    expect((await companies({ ...xApiKey(stage.key.credential), authorization: value })).status).toBe(200)
    expect(stage.upstream.lastHeader('X-Key-Id')).toEqual([stage.key.key.id])
    expect(stage.upstream.lastHeader('Authorization')).toEqual([])
  }
})

it('any other key is 401', async () => {
  for (const wrong of ['nonsense', `Bearer ${stage.key.credential}`, '']) {
    const answer = await companies(xApiKey(wrong))
    expect([answer.status, answer.json]).toEqual([401, failure('Invalid API Key')])
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="operate", error="invalid_token"')
  }
})

it('the organization is told by Keywright and never by the caller', async () => {
  const names = ['X-Organization-Id', 'x-organization-id', 'X_Organization_Id', 'X-Organization-ID']
  for (const name of names) {
    const claims = { [name]: stage.other.key.organization }
    expect((await companies({ ...xApiKey(stage.key.credential), ...claims })).status).toBe(200)
    expect(stage.upstream.lastHeader('X-Organization-Id')).toEqual(['acme'])
  }
  await companies(xApiKey(stage.other.credential))
  expect(stage.upstream.lastHeader('X-Organization-Id')).toEqual([stage.other.key.organization])
})

it('a key that may not reach a resource is told so', async () => {
  const elsewhere = await stage.server.issue({ allowedIps: ['192.0.2.1'] })
  const listed = await stage.server.issue({ permissions: ['companies:read'] })
  for (const { credential } of [elsewhere, listed]) {
    const answer = await companies(xApiKey(credential))
    expect([answer.status, answer.json]).toEqual([403, failure('API Key does not have access to this resource')])
  }
})

it('past a limit the type of the error is another', async () => {
  const limits = [{ requests: 1, windowSeconds: 3600, per: 'key', kind: 'window' }] as const
  const { credential } = await stage.server.issue({ limits })
  expect((await companies(xApiKey(credential))).status).toBe(200)
  const answer = await companies(xApiKey(credential))
  expect([answer.status, answer.json]).toEqual([429, failure('Rate limit exceeded', 'rate_limit_error')])
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
})
