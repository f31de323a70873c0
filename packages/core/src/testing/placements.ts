import assert from 'node:assert/strict'
import type { Contract } from '../contract/contract.ts'
import type { RefusalFacts, RefusalName } from '../contract/refusal.ts'
import { compileRefusals } from '../contract/render.ts'
import type { NewKey } from '../lifecycle/issue.ts'
import type { Issued } from '../lifecycle/lifecycle.ts'
import type { TestRunner } from './store/suite.ts'

/** What goes over the wire beside `Host`, byte for byte. */
export interface PlacementRequest {
  method: string
  target: string
  lines: readonly string[]
  body?: string
}

export interface PlacementAnswer {
  status: number
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>
  body: string
}

/** Somewhere that a contract is held to: what is allowed gets 200 and the bytes of its own body back. */
export interface Placement {
  contract: Contract
  /** A key of an organization made for it, without limits unless it is given some. */
  issue(input?: Partial<NewKey>): Promise<Issued>
  /** Resolves once it is in force there. */
  revoke(key: string): Promise<void>
  ask(request: PlacementRequest): Promise<PlacementAnswer>
}

export interface PlacementSuite extends TestRunner {
  placement(): Placement
  /** A path that any key without a list of permissions may GET. */
  path: string
  /** It answers the caller itself, so that what is told with an allowed answer is seen. */
  answersCallers: boolean
  /** It sees the bodies of requests. */
  seesBodies: boolean
  /** Ends of paths that it refuses with 400 before the contract is asked, and so in words of its own. */
  refusesItself?: readonly string[]
}

const requestId = 'conformance-1'

/** The same bytes get the same verdict, status, headers and body, wherever the contract is held to. */
export function placementConformance({
  it,
  placement,
  path,
  answersCallers,
  seesBodies,
  refusesItself = [],
}: PlacementSuite): void {
  function ask(lines: readonly string[], { method = 'GET', target = path, body = '' } = {}): Promise<PlacementAnswer> {
    const length = body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]
    return placement().ask({ method, target, lines: [...lines, `X-Request-Id: ${requestId}`, ...length], body })
  }

  function expectRefused(
    answer: PlacementAnswer,
    name: RefusalName,
    facts: Partial<RefusalFacts> = {},
    hasBody = true,
  ) {
    const refusal = compileRefusals(placement().contract)(name, { requestId, ...facts })
    const { status, headers, body } = refusal
    assert.equal(answer.status, status)
    assert.equal(answer.body, hasBody ? body : '')
    assert.deepEqual(own(answer.headers), { 'x-request-id': requestId, ...headers })
  }

  /** The line with the credential where the contract would have it first. */
  function carrying(credential: string): string {
    const [source] = placement().contract.credential.sources
    assert.ok(source && 'header' in source)
    return `${source.header}: ${source.scheme === undefined ? '' : `${source.scheme} `}${credential}`
  }

  it('lets a key that works pass, and says under which id', async () => {
    const { credential } = await placement().issue()
    const { status, headers } = await ask([carrying(credential)])
    assert.equal(status, 200)
    assert.equal(headers['x-request-id'], requestId)
    if (!answersCallers) return
    assert.equal(headers['cache-control'], 'private')
    assert.ok(headers.vary?.toLowerCase().includes(carrying('').split(':')[0]?.toLowerCase() as string))
  })

  it('refuses who sends no credential', async () => {
    expectRefused(await ask([]), 'missing_credential')
  })

  it('answers HEAD with the headers of GET and no body', async () => {
    expectRefused(await ask([], { method: 'HEAD' }), 'missing_credential', {}, false)
  })

  it('refuses the same header sent twice, also with the same key', async () => {
    const line = carrying((await placement().issue()).credential)
    expectRefused(await ask([line, line]), 'repeated_credential')
  })

  it('answers one that was mistyped, one revoked and one of nobody alike', async () => {
    const { credential, key } = await placement().issue()
    const typo = `${credential.slice(0, -1)}${credential.endsWith('x') ? 'y' : 'x'}`
    expectRefused(await ask([carrying(typo)]), 'invalid_credential')
    expectRefused(await ask([carrying('of-nobody')]), 'invalid_credential')
    assert.equal((await ask([carrying(credential)])).status, 200)
    await placement().revoke(key.id)
    expectRefused(await ask([carrying(credential)]), 'invalid_credential')
  })

  it('counts each request once, and says how long to wait', async () => {
    const limit = { requests: 2, windowSeconds: 60, per: 'key', kind: 'window' } as const
    const { credential, key } = await placement().issue({ limits: [limit] })
    for (let request = 0; request < limit.requests; request++) {
      assert.equal((await ask([carrying(credential)])).status, 200)
    }
    const answer = await ask([carrying(credential)])
    const retryAfter = Number(answer.headers['retry-after'])
    assert.ok(retryAfter >= 1 && retryAfter <= 60)
    const facts = { requestId, retryAfter, limit: 2, windowSeconds: 60, organization: key.organization }
    const { status, body } = compileRefusals(placement().contract)('rate_limited', facts)
    assert.deepEqual({ status: answer.status, body: answer.body }, { status, body })
  })

  it('lets a key be used from its own addresses alone', async () => {
    const { credential, key } = await placement().issue({ allowedIps: ['192.0.2.0/24'] })
    expectRefused(await ask([carrying(credential)]), 'forbidden', { organization: key.organization })
    const claim = 'X-Forwarded-For: 192.0.2.1, 198.51.100.7'
    expectRefused(await ask([carrying(credential), claim]), 'forbidden', { organization: key.organization })
  })

  for (const end of [
    '/../a',
    '/./a',
    '//a',
    '/%2e%2e/a',
    '/%2Fa',
    '/%5ca',
    '/%252fa',
    '/;a',
    '/a%',
    '/a%00',
    '/a\\b',
  ]) {
    it(`refuses a path that ends in ${end}, which could be read in two ways`, async () => {
      const { credential } = await placement().issue()
      const answer = await ask([carrying(credential)], { target: path + end })
      if (refusesItself.includes(end)) assert.equal(answer.status, 400)
      else expectRefused(answer, 'invalid_request')
    })
  }

  it('reads an escape that need not be there as what it stands for', async () => {
    const { credential } = await placement().issue()
    const code = path.charCodeAt(1).toString(16)
    assert.equal((await ask([carrying(credential)], { target: `/%${code}${path.slice(2)}` })).status, 200)
  })

  it('refuses methods that no route can name', async () => {
    const { credential } = await placement().issue()
    const answer = await ask([carrying(credential)], { method: 'TRACE' })
    assert.equal(answer.status, 405)
    assert.equal(answer.headers.allow, 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS')
  })

  it('makes an id of its own for a request that has none of its own, or no sane one', async () => {
    for (const lines of [[], ['X-Request-Id: a b'], ['X-Request-Id: a', 'X-Request-Id: b']]) {
      const { headers } = await placement().ask({ method: 'GET', target: path, lines })
      assert.match(headers['x-request-id'] ?? '', /^req_/)
    }
  })

  it('takes the namespace from the body where the contract has it there, and passes the body on', async () => {
    const rule = placement().contract.namespaces?.body
    if (!rule) return
    const { credential, key } = await placement().issue()
    const { organization } = key
    const target = `${rule.under}/put`
    const post = (body: string) => ask([carrying(credential)], { method: 'POST', target, body })
    if (!seesBodies) return expectRefused(await post('{}'), 'forbidden', { organization })
    const foreign = JSON.stringify({ [rule.member]: 'elsewhere' })
    expectRefused(await post(foreign), 'namespace_forbidden', { organization, namespace: 'elsewhere' })
    const named = JSON.stringify({ [rule.member]: rule.whenAbsent, value: 'x'.repeat(100_000) })
    const { status, body } = await post(named)
    assert.equal(status, 200)
    if (answersCallers) assert.equal(body, named)
  })
}

const transport = new Set(['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding'])

function own(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !transport.has(name)))
}
