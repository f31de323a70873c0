import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../support/start-server.ts'

describe('the files of the console', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ contract: 'keywright' })
  })
  afterAll(() => server.stop())

  const page = (path: string) => fetch(server.control + path, { headers: { accept: 'text/html' } })

  it('are one page under every address that is not the API’s', async () => {
    const [root, deep] = await Promise.all([page('/'), page('/acme/keys')])
    expect([root.status, deep.status]).toEqual([200, 200])
    expect(await root.text()).toBe(await deep.text())
    expect(root.headers.get('cache-control')).toBe('no-cache')
  })

  it('run nothing but what this origin serves, and are framed by nobody', async () => {
    const { headers } = await page('/acme/keys')
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining([
        ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "object-src 'none'", "base-uri 'none'"],
        ...["frame-ancestors 'none'", "require-trusted-types-for 'script'"],
      ]),
    )
    expect(policy).not.toContain('unsafe')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
  })

  it('tell browsers to come over HTTPS alone where people reach them so, and only there', async () => {
    expect((await page('/')).headers.get('strict-transport-security')).toBeNull()
    const behindTls = await startServer({ contract: 'keywright', consoleUrl: 'https://console.example.com' })
    const { headers } = await fetch(behindTls.control)
    await behindTls.stop()
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000')
  })

  it('are kept for good by browsers where their name changes with their content, and asked for again where it does not', async () => {
    const [script = ''] = /\/assets\/[^"]+\.js/.exec(await (await page('/')).text()) ?? []
    const answer = await fetch(server.control + script)
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    const again = await fetch(server.control + script, {
      headers: { 'if-none-match': answer.headers.get('etag') ?? '' },
    })
    expect(again.status).toBe(304)
  })

  it('never stand in for an answer of the API, nor for a file that is not there', async () => {
    for (const path of [
      '/v1/nothing',
      '/api/nothing',
      '/assets/nothing.js',
      '/../package.json',
      '/%2e%2e/package.json',
    ]) {
      const { status, headers } = await page(path)
      expect([path, status, headers.get('content-type')]).toEqual([path, 404, 'application/problem+json'])
    }
    const { status } = await fetch(`${server.control}/nothing`, { headers: { accept: 'application/json' } })
    expect(status).toBe(404)
  })
})

describe('the contract, as anyone may read it', () => {
  it('says how to send a key, and where to', async () => {
    const server = await startServer({ contract: 'hopx' })
    const answer = await fetch(`${server.control}/v1/contract`)
    expect(await answer.json()).toMatchObject({
      name: 'hopx',
      edge: server.edge,
      credential: { sources: [{ header: 'Authorization', scheme: 'Bearer' }, { header: 'X-API-Key' }] },
      forms: [{ prefix: 'hopx_live_', environment: 'live', kind: 'secret' }],
      rotation: { maxGraceSeconds: 30 * 86_400 },
      revocation: { withinSeconds: 0 },
      docs: {
        variable: 'HOPX_API_KEY',
        snippets: [
          { label: 'curl', code: expect.stringContaining('"Authorization: Bearer $HOPX_API_KEY"') },
          { label: 'TypeScript' },
          { label: 'Python' },
          { label: 'Go' },
        ],
      },
    })
    await server.stop()
  })
})
