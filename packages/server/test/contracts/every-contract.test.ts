import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { resume, rotate, suspend, updateOrganization } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stage, startStage, stopStage } from '../support/instances.ts'
import { pages } from '../support/pages.ts'
import { type RawAnswer, rawRequest } from '../support/raw-request.ts'
import { serviceKey, tester } from '../support/start-server.ts'

const sameId = 'X-Request-Id: the-same'

describe.each(pages)('true of $contract:', (page) => {
  const { contract, ways, path, missing, invalid, repeated = invalid, limit } = page
  const [way = { header: '', scheme: '' }] = ways
  let stage: Stage

  beforeAll(async () => {
    stage = await startStage(contract)
  })
  afterAll(() => stopStage(stage))

  const lineOf = ({ header, scheme }: (typeof ways)[number], value: string) =>
    `${header}: ${scheme && `${scheme} `}${value}`
  const ask = (lines: string[], target = path, method = 'GET') =>
    rawRequest(stage.server.edge, { method, target, lines: [...lines, sameId] })
  const using = (credential: string, target = path, method = 'GET') => ask([lineOf(way, credential)], target, method)

  /** But for the date, which is not about the refusal. */
  function whole({ status, headers: { date: _, ...headers }, body }: RawAnswer) {
    return { status, headers, body }
  }

  function expectRow({ status, body, headers }: RawAnswer, row: { status: number; body: unknown }, challenge: string) {
    expect([status, JSON.parse(body)]).toEqual([row.status, row.body])
    expect(headers['cache-control']).toBe('no-store')
    expect(headers['x-request-id']).toBe('the-same')
    if (status === 401) expect(headers['www-authenticate']).toBe(challenge)
  }
  const bare = `Bearer realm="${contract}"`
  const invalidToken = `${bare}, error="invalid_token"`

  describe.each(ways)('a key in $header $scheme', (each) => {
    it('is let through, and the upstream is told who calls, but not the key', async () => {
      const { credential, key } = stage.key
      const answer = await ask([lineOf(each, credential)])
      expect(answer.status).toBe(200)
      expect(answer.headers['x-request-id']).toBe('the-same')
      const { upstream } = stage
      expect(upstream.received.at(-1)).toMatchObject({ method: 'GET', url: path })
      expect(upstream.lastHeader('X-Key-Id')).toEqual([key.id])
      expect(upstream.lastHeader('X-Organization-Id')).toEqual(['acme'])
      expect(upstream.lastHeader('X-Project-Id')).toEqual(key.project === null ? [] : [key.project])
      expect(upstream.lastHeader('X-Triggered-By')).toEqual(['api'])
      expect(upstream.lastHeader('X-Request-Id')).toEqual(['the-same'])
      expect(upstream.lastHeader('Authorization')).toEqual([])
      expect(upstream.lastHeader('X-Api-Key')).toEqual([])
      expect(JSON.stringify(upstream.received)).not.toContain(credential)
    })

    it('may stand under that name in any case', async () => {
      for (const header of [each.header.toLowerCase(), each.header.toUpperCase(), 'x-ApI-kEy']) {
        if (header.length !== each.header.length) continue
        expect((await ask([lineOf({ ...each, header }, stage.key.credential)])).status).toBe(200)
      }
    })

    it('sent twice is refused, in any order, equal or not', async () => {
      const [own, other] = [stage.key.credential, stage.other.credential].map((value) => lineOf(each, value))
      const pairs = [
        [own, own],
        [own, other],
        [other, own],
        [own, `${each.header}: nonsense`],
        [`${each.header}:`, own],
      ]
      for (const lines of pairs) expectRow(await ask(lines as string[]), repeated, invalidToken)
    })

    it('that is no key by its looks is invalid', async () => {
      const { credential } = stage.key
      const half = credential.length / 2
      const spoiled = [
        `${credential}x`,
        credential.slice(0, -1),
        credential.slice(1),
        `"${credential}"`,
        `${credential.slice(0, half)} ${credential.slice(half)}`,
        `${credential.slice(0, half)}\t${credential.slice(half)}`,
        credential.replace('_', '%5F'),
        credential.replace('_', '＿'),
        credential.replace('_', '_\u200b'),
        `\xef\xbb\xbf${credential}`,
        `${credential}\xa0`,
        credential.toUpperCase(),
        'a'.repeat(513),
        credential.repeat(100),
        '\xff',
        'undefined',
      ]
      for (const value of spoiled) {
        expectRow(await ask([lineOf(each, Buffer.from(value).toString('latin1'))]), invalid, invalidToken)
      }
      if (each.scheme === '') expectRow(await ask([`${each.header}:`]), invalid, invalidToken)
    })
  })

  describe.each(ways.filter(({ scheme }) => scheme !== ''))('the scheme of $header', ({ header }) => {
    it('is Bearer in any case, and one or more spaces', async () => {
      const { credential } = stage.key
      for (const scheme of ['bearer ', 'BEARER ', 'bEaReR ', 'Bearer  ', `Bearer${' '.repeat(8)}`]) {
        expect((await ask([`${header}: ${scheme}${credential}`])).status).toBe(200)
      }
      expect((await ask([`${header}: Bearer ${credential}   `])).status).toBe(200)
    })

    it('without a space behind it, or with anything else, is malformed', async () => {
      const { credential } = stage.key
      for (const value of [
        `Bearer\t${credential}`,
        `Bearer \t${credential}`,
        `Bearer\xa0${credential}`,
        'Bearer',
        '',
      ]) {
        expectRow(await ask([`${header}: ${value}`]), invalid, invalidToken)
      }
    })

    it('that is another one carries no key', async () => {
      const { credential } = stage.key
      for (const scheme of ['Basic', 'Token', 'DPoP', 'Digest', 'Bearerx']) {
        expectRow(await ask([`${header}: ${scheme} ${credential}`]), missing, bare)
      }
    })
  })

  it('a key is never read from the address, a cookie, a body or another header', async () => {
    const { credential } = stage.key
    expectRow(
      await ask([], `${path}?api_key=${credential}&access_token=${credential}&key=${credential}`),
      missing,
      bare,
    )
    expectRow(
      await ask([`Cookie: session=${credential}; api_key=${credential}; Authorization=${credential}`]),
      missing,
      bare,
    )
    const body = `{"api_key":"${credential}"}`
    const posted = await rawRequest(stage.server.edge, {
      method: 'POST',
      target: path,
      lines: [sameId, `Content-Length: ${body.length}`],
      body,
    })
    expectRow(posted, missing, bare)
    const names = ['X_Api_Key', 'X-Api-Token', 'Api-Key', 'X-Authorization', 'Proxy-Authorization', 'X-Auth-Token']
    expectRow(await ask(names.map((name) => `${name}: Bearer ${credential}`)), missing, bare)
    expect(stage.server.log()).not.toContain(credential)
  })

  it('no key is a row of its own, and challenges without an error', async () => {
    expectRow(await ask([]), missing, bare)
  })

  it('nobody is told an unknown key from one that is suspended, revoked, expired or rotated', async () => {
    const { lifecycle, issueElsewhere } = stage.server
    const revoked = await issueElsewhere()
    await stage.server.revoke(revoked.key.id)
    const expiresAt = new Date(Date.now() + 3_000)
    const expired = await issueElsewhere({ expiresAt })
    const rotated = await issueElsewhere()
    await rotate(lifecycle, tester, rotated.key.id)
    const suspended = await issueElsewhere()
    expect((await using(suspended.credential)).status).toBe(200)
    await suspend(lifecycle, tester, suspended.key.id)
    const { credential: unknown } = lifecycle.format.mint(stage.key.key)
    await sleep(expiresAt.getTime() - Date.now() + 10)

    const gone = [revoked, expired, rotated, suspended].map(({ credential }) => credential)
    const answers = []
    for (const credential of [...gone, unknown, 'nonsense', ...gone]) answers.push(await using(credential))
    for (const answer of answers) expectRow(answer, invalid, invalidToken)
    expect(new Set(answers.map((answer) => JSON.stringify(whole(answer)))).size).toBe(1)

    await resume(lifecycle, tester, suspended.key.id)
    expect((await using(suspended.credential)).status).toBe(200)
  })

  it('a suspended organization is refused as invalid, but where its contract has a row for it', async () => {
    const { key, credential } = await stage.server.issueElsewhere()
    expect((await using(credential)).status).toBe(200)
    for (const state of ['suspended', 'unpaid'] as const) {
      await updateOrganization(stage.server.lifecycle, tester, key.organization, { state })
      const answer = await using(credential)
      const own = { suspended: 403, unpaid: 402 }[state]
      if (contract === 'keywright') expect([answer.status, JSON.parse(answer.body)]).toEqual([own, page.body(own)])
      else expectRow(answer, invalid, invalidToken)
    }
  })

  it('a service key or a CLI token is no key, and is not sent on', async () => {
    const count = stage.upstream.received.length
    for (const credential of [serviceKey, 'kwo_nobody', 'kwc_nobody']) {
      expectRow(await using(credential), invalid, invalidToken)
    }
    expect(stage.upstream.received).toHaveLength(count)
  })

  it('every answer repeats a sane X-Request-Id, and replaces any other', async () => {
    const idOf = async (...lines: string[]) => {
      const answers = [
        await rawRequest(stage.server.edge, { target: path, lines }),
        await rawRequest(stage.server.edge, { target: path, lines: [...lines, lineOf(way, stage.key.credential)] }),
        await rawRequest(stage.server.edge, { target: '/health', lines }),
        await rawRequest(stage.server.edge, { target: '/a%2fb', lines }),
      ]
      for (const { headers, body } of answers) {
        const { request_id, requestId = request_id } = JSON.parse(body)
        if (requestId !== undefined) expect(requestId).toBe(headers['x-request-id'])
      }
      const ids = new Set(answers.map(({ headers }) => headers['x-request-id'] ?? ''))
      return ids.size === 1 ? [...ids][0] : [...ids].every((id) => /^req_[a-z0-9]+$/.test(id)) && 'a new one each'
    }
    for (const sane of ['Trace.1_a-b', 'a', 'a'.repeat(128)]) expect(await idOf(`X-Request-Id: ${sane}`)).toBe(sane)
    for (const other of ['a'.repeat(129), 'a b', 'a/b', '"a"', '', 'ä', '<script>']) {
      expect(await idOf(`X-Request-Id: ${other}`)).toBe('a new one each')
    }
    expect(await idOf('X-Request-Id: one', 'X-Request-Id: two')).toBe('a new one each')
    expect(await idOf()).toBe('a new one each')
  })

  it('HEAD is refused, and let through, with the headers of GET and no body', async () => {
    for (const lines of [[], [lineOf(way, 'nonsense')]]) {
      const head = await ask(lines, path, 'HEAD')
      const get = await ask(lines)
      expect({ ...whole(head), body: '' }).toEqual({ ...whole(get), body: '' })
      expect(head.body).toBe('')
    }
    expect((await using(stage.key.credential, path, 'HEAD')).status).toBe(200)
    expect(stage.upstream.received.at(-1)?.method).toBe('HEAD')
  })

  it('OPTIONS is asked for a key like any other request', async () => {
    const count = stage.upstream.received.length
    const preflight = ['Origin: https://app.example.com', 'Access-Control-Request-Method: GET']
    expectRow(await ask(preflight, path, 'OPTIONS'), missing, bare)
    expect(stage.upstream.received).toHaveLength(count)
  })

  it('its health is told without a key, and with a wrong one', async () => {
    for (const lines of [[], [lineOf(way, 'nonsense')]]) {
      const answer = await ask(lines, '/health')
      expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { status: 'ok' }])
      const head = await ask(lines, '/health', 'HEAD')
      expect([head.status, head.headers['content-length']]).toEqual([200, answer.headers['content-length']])
      const handshake = await ask([...lines, 'Connection: Upgrade', 'Upgrade: websocket'], '/health')
      expect(JSON.parse(handshake.body)).toEqual({ status: 'ok' })
    }
    for (const target of ['/health/', '/healthy', '/Health', '/health/x']) {
      expect((await ask([], target)).status).toBe(missing.status)
    }
    expect((await ask([], '/health', 'POST')).status).toBe(missing.status)
  })

  it('a request that cannot be read is 400 in its own words', async () => {
    const count = stage.upstream.received.length
    for (const target of [`${path}/a%2fb`, `${path}/../x`, `/${path}`, `${path}#x`, `${path}/%`]) {
      const answer = await using(stage.key.credential, target)
      expectRow(answer, { status: 400, body: page.body(400) }, '')
    }
    expect(stage.upstream.received).toHaveLength(count)
  })

  it(
    limit === null ? 'nothing is limited, nor told of limits' : `${limit} requests a minute are what a key has`,
    async () => {
      const { credential } = await stage.server.issueElsewhere({ limits: null })
      const before = Math.floor(Date.now() / 1000)
      const { status, headers } = await using(credential)
      expect(status).toBe(200)
      const names = Object.keys(headers).filter((name) => /ratelimit/.test(name))
      if (limit === null) {
        expect(names).toEqual([])
        return
      }
      expect(names.toSorted()).toEqual(['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'])
      expect(headers['x-ratelimit-limit']).toBe(String(limit))
      expect(headers['x-ratelimit-remaining']).toBe(String(limit - 1))
      const reset = Number(headers['x-ratelimit-reset'])
      expect(reset).toBeGreaterThanOrEqual(before + 60)
      expect(reset).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000) + 60)
    },
  )

  it('past a limit agreed with it a key is told to wait, and let through after that', async () => {
    const agreed = [{ requests: 2, windowSeconds: 1, per: 'key', kind: 'window' }] as const
    const { credential } = await stage.server.issueElsewhere({ limits: agreed })
    const answers = []
    for (let i = 0; i < 3; i++) answers.push(await using(credential))
    // On a slow machine the first of them may have left the window already.
    const refused = answers.at(-1)?.status === 429 ? answers.at(-1) : await overLimit(credential)
    if (!refused) throw new Error('The limit was never reached.')
    expect(JSON.parse(refused.body)).toEqual(page.rateLimited)
    expect(refused.headers['cache-control']).toBe('no-store')
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    await sleep(Number(refused.headers['retry-after']) * 1000)
    expect((await using(credential)).status).toBe(200)
  })

  async function overLimit(credential: string): Promise<RawAnswer | undefined> {
    const answers = await Promise.all(Array.from({ length: 50 }, () => using(credential)))
    return answers.find(({ status }) => status === 429)
  }

  it('what is kept of a key is its digest alone', async () => {
    const { credential, key } = stage.other
    const files = readdirSync(stage.server.folder, { recursive: true, withFileTypes: true })
    const kept = files
      .filter((file) => file.isFile())
      .map((file) => readFileSync(join(file.parentPath, file.name), 'latin1'))
    const digest = stage.server.lifecycle.digester.digest(credential)
    expect(kept.some((bytes) => bytes.includes(digest))).toBe(true)
    const secret = credential.slice(-30)
    for (const bytes of [...kept, stage.server.log()]) expect(bytes).not.toContain(secret)
    expect(key.versions[0]?.digest).toBe(digest)
  })
})
