import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtIn, holonomix, hopx } from '@keywright/contracts'
import { parseContract } from '@keywright/core'
import { chromium } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readExamples } from '../src/cli/examples/read-examples.ts'
import { pagesOf } from '../src/docs/pages.ts'
import { siteOf } from '../src/docs/site.ts'
import { axeFaults } from './support/axe.ts'
import { keywright } from './support/command-line.ts'
import { startUpstream, type Upstream } from './support/echo-upstream.ts'
import { rawRequest } from './support/raw-request.ts'
import { serviceKey, startServer, type TestServer } from './support/start-server.ts'

const edge = 'https://api.example.com'
const control = 'https://console.example.com'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ contract: 'hopx', publicUrl: edge, consoleUrl: control })
})
afterAll(() => server.stop())

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(server.control + path, { headers, method, redirect: 'manual' })

describe('the documentation of an instance', () => {
  it('is served to anyone, as pages, as Markdown, for language models and as one file', async () => {
    const types = {
      '/docs/': 'text/html; charset=utf-8',
      '/docs/limits.html': 'text/html; charset=utf-8',
      '/docs/limits.md': 'text/markdown; charset=utf-8',
      '/llms.txt': 'text/plain; charset=utf-8',
      '/docs.zip': 'application/zip',
    }
    for (const [path, type] of Object.entries(types)) {
      const response = await get(path)
      expect([path, response.status, response.headers.get('content-type')]).toEqual([path, 200, type])
      expect(response.headers.get('x-request-id')).toMatch(/^req_/)
      const again = await get(path, { 'if-none-match': response.headers.get('etag') ?? '' })
      expect([again.status, await again.text()]).toEqual([304, ''])
      const head = await get(path, {}, 'HEAD')
      expect([head.status, await head.text()]).toEqual([200, ''])
      expect(head.headers.get('content-length')).toBe(String((await response.arrayBuffer()).byteLength))
    }
    const { status, headers } = await get('/docs')
    expect([status, headers.get('location')]).toEqual([308, '/docs/'])
  })

  it('says what the parameters of the management API take', async () => {
    const page = await (await get('/docs/api.md')).text()
    expect(page).toContain('| `state` | query | `active`, `suspended`, `expired` or `revoked`. |')
    expect(page).toContain('| `limit` | query | 1 to 200. Absent: `50`. |')
    expect(page).toContain('| `user_code` | query | Required. |')
  })

  it('says where to begin for a page that is not there, whatever is asked for', async () => {
    for (const path of ['/docs/nothing', '/docs/..%2fpackage.json', '/docs//', '/docs/constructor']) {
      const response = await get(path, { accept: 'text/html' })
      expect([path, response.status, await response.text()]).toEqual([
        path,
        404,
        `There is no such page. Begin at ${control}/docs/\n`,
      ])
    }
    expect((await get('/docs/', {}, 'POST')).status).toBe(405)
  })

  it('shows the addresses as seen from outside, the variable and every refusal', async () => {
    const text = await (await get('/docs/refusals.md')).text()
    expect(text).toContain(`curl -i "${edge}/v1/sandboxes" \\\n  -H "Authorization: Bearer $HOPX_API_KEY"`)
    expect(text).toContain('{"error":"Forbidden","code":"INSUFFICIENT_PERMISSIONS","request_id":"req_')
    expect(await (await get('/llms.txt')).text()).toContain(`${control}/docs/refusals.md`)
  })

  it('names every status that a request that cannot be read comes to', async () => {
    const text = await (await get('/docs/refusals.md')).text()
    const unread = [
      [405, { method: 'TRACE' }],
      [431, { lines: [`x-long: ${'a'.repeat(20_000)}`] }],
    ] as const
    for (const [status, request] of unread) {
      const answer = await rawRequest(server.edge, request)
      expect([answer.status, JSON.parse(answer.body).code]).toEqual([status, 'INVALID_REQUEST'])
      expect(text).toMatch(new RegExp(`An answer of \\[400\\].*\\b${status} where\\b`))
    }
    const { markdown } = pagesOf({ contract: holonomix, edge, control }).find(({ name }) => name === 'refusals') ?? {}
    expect(markdown).toContain('The sentence of a 400, 404 or 409 may say exactly what is wrong')
    expect(text).not.toContain('may say exactly')
  })

  it('holds no secret', async () => {
    const { credential } = await server.issue()
    for (const path of ['index', 'refusals', 'permissions', 'limits', 'rotation', 'api']) {
      const text = (await (await get(`/docs/${path}.md`)).text()) + (await (await get(`/docs/${path}.html`)).text())
      for (const secret of [credential, serviceKey, server.folder]) expect(text).not.toContain(secret)
    }
    const scanned = mkdtempSync(join(tmpdir(), 'keywright-docs-scan-'))
    const args = ['--contract', 'hopx', '--out', scanned, '--console-url', control]
    expect((await keywright(['docs', 'build', ...args])).code).toBe(0)
    expect(await keywright(['scan', scanned, '--contract', 'hopx'])).toMatchObject({ code: 0 })
    rmSync(scanned, { recursive: true })
  })

  it('may run nothing and load nothing but the icon of the site', async () => {
    const { headers } = await get('/docs/')
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; img-src 'self'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    )
    for (const [name, contract] of Object.entries(builtIn)) {
      for (const [path, text] of siteOf({ contract, edge, control })) {
        if (!path.endsWith('.html')) continue
        expect([name, path, text.match(/<(script|link|img|iframe|form)\b|(src|href|action)="https?:/g)]).toEqual([
          name,
          path,
          null,
        ])
      }
    }
  })

  it('can be read on a telephone and on a screen, by day and by night, and leads only to pages that are there', async () => {
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox'],
    })
    try {
      const page = await (await browser.newContext()).newPage()
      const complaints: string[] = []
      page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
      for (const name of ['', 'refusals.html', 'permissions.html', 'limits.html', 'rotation.html', 'api.html']) {
        for (const width of [360, 1280]) {
          for (const colorScheme of ['light', 'dark'] as const) {
            await page.setViewportSize({ width, height: 800 })
            await page.emulateMedia({ colorScheme })
            await page.goto(`${server.control}/docs/${name}`)
            const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
            expect([name, width, overflow]).toEqual([name, width, 0])
            if (name === 'api.html') continue
            const looked = colorScheme === 'light' ? 'all' : 'colours'
            expect([name, width, colorScheme, await axeFaults(page, looked)]).toEqual([name, width, colorScheme, []])
          }
        }
        const links = await page
          .locator('a')
          .evaluateAll((all) => all.map((link) => (link as unknown as { href: string }).href))
        for (const link of new Set(links)) {
          const [address = '', fragment] = link.split('#')
          const response = await fetch(address)
          expect([link, response.status]).toEqual([link, 200])
          if (fragment !== undefined) expect(await response.text()).toContain(`id="${fragment}"`)
        }
      }
      await page.emulateMedia({ media: 'print' })
      for (const width of [700, 1050]) {
        await page.setViewportSize({ width, height: 700 })
        expect(await page.evaluate('document.querySelector("main").offsetWidth')).toBeGreaterThan(600)
      }
      expect(complaints).toEqual([])
    } finally {
      await browser.close()
    }
  }, 120_000)

  it('names every column of its tables', () => {
    const pages = Object.values(builtIn).flatMap((contract) => [...siteOf({ contract, edge, control })])
    expect(pages.filter(([, text]) => text.includes('<th></th>')).map(([path]) => path)).toEqual([])
  })
})

describe('the documentation of an odd contract', () => {
  let folder: string
  let upstream: Upstream
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keywright-docs-odd-'))
    upstream = await startUpstream()
  })
  afterAll(async () => {
    await upstream.stop()
    rmSync(folder, { recursive: true })
  })

  async function testedDocs(data: object) {
    const contract = join(mkdtempSync(join(folder, 'of-')), 'odd.json')
    writeFileSync(contract, JSON.stringify(data))
    const odd = await startServer({ contract, upstream: upstream.url })
    const env = { KEYWRIGHT_URL: odd.control, KEYWRIGHT_SERVICE_KEY: serviceKey, KEYWRIGHT_CONTRACT: contract }
    const { stdout, code } = await keywright(['docs', 'test', '--json'], { env })
    await odd.stop()
    const results = JSON.parse(stdout).examples as { page: string; result: string; message: string | null }[]
    const subject = { contract: parseContract(data), edge, control }
    return { results, code, pages: new Map(pagesOf(subject).map(({ name, markdown }) => [name, markdown])) }
  }

  it.each([
    ['a user name', { sources: [{ basic: 'user' }] }, null],
    ['a password', { sources: [{ basic: 'password' }] }, null],
    ['an address', { sources: [{ query: 'api_key', keysEndUpInLogs: true }] }, null],
    ['Authorization, without a scheme', { sources: [{ header: 'Authorization' }] }, null],
    ['two headers', { sources: [{ idHeader: 'X-Id', secretHeader: 'X-Secret' }] }, { length: 8, separator: '.' }],
    ['a header of odd name', { sources: [{ header: "X-$Key`'s" }] }, null],
  ])(
    'has examples that work where the key goes into %s',
    async (_, credential, publicId) => {
      const key = { forms: [{ prefix: 'odd_' }], ...(publicId && { publicId }) }
      const { results, code } = await testedDocs({ name: 'odd', credential, key })
      expect(results.filter(({ result }) => result === 'failed')).toEqual([])
      expect(code).toBe(0)
    },
    60_000,
  )

  const perOrganization = { requests: 1000, windowSeconds: 3600, per: 'organization' }
  const bucket = { requests: 10, windowSeconds: 60, kind: 'bucket' }

  it.each([
    [
      'of several subjects and kinds',
      { limits: [bucket, perOrganization] },
      '"key-bucket";q=10;w=60, "organization-window";q=1000;w=3600',
    ],
    [
      'of the first plan',
      { plans: { free: { limits: [perOrganization] }, pro: { limits: [bucket] } } },
      '"organization-window";q=1000;w=3600',
    ],
  ])(
    'tells of limits as answers do: %s',
    async (_, terms, policy) => {
      const { results, code, pages } = await testedDocs({ name: 'odd', key: { forms: [{ prefix: 'odd_' }] }, ...terms })
      expect(pages.get('limits')).toContain(`RateLimit-Policy: ${policy}\n`)
      expect(results.filter(({ result }) => result === 'failed')).toEqual([])
      expect(code).toBe(0)
    },
    60_000,
  )

  it.each([
    [
      'has a query beside the key, and brackets',
      {
        credential: { sources: [{ query: 'api_key', keysEndUpInLogs: true }] },
        routes: [{ path: '/v1/reports', permission: 'reports:read' }],
        refusals: { forbidden: { values: { message: 'It lacks {permission}.' } } },
        otherRoutes: 'not_found',
        docs: { example: { method: 'GET', path: '/v1/reports?filter[state]=open&a={b}' } },
      },
      '/v1/reports?filter[state]=open&a={b}&api_key=$ODD_API_KEY"',
    ],
    [
      'names its namespace in the body',
      {
        namespaces: { default: ['main'], body: { under: '/v1' } },
        docs: { example: { method: 'POST', path: '/v1/x' } },
      },
      `-d "{\\"namespace\\":\\"main\\"}"`,
    ],
    [
      'names its namespace in the path, by itself',
      { namespaces: { default: ['main'] }, routes: [{ path: '/v1/{namespace}/**' }], otherRoutes: 'not_found' },
      '/v1/main"',
    ],
    [
      'takes keys that are made where nobody names a kind of them, and no others',
      { key: { forms: [{ prefix: 'odd_pk_', kind: 'publishable' }, { prefix: 'odd_sk_' }] } },
      'Have a `secret` key made',
    ],
  ])(
    'shows a request that %s',
    async (_, data, printed) => {
      const { results, code, pages } = await testedDocs({ name: 'odd', key: { forms: [{ prefix: 'odd_' }] }, ...data })
      expect(pages.get('index')).toContain(printed)
      expect(results.filter(({ result }) => result === 'failed')).toEqual([])
      expect(code).toBe(0)
    },
    60_000,
  )

  it('prints of each refusal what is known there, and nothing else', async () => {
    const about = { limit: '{limit}', window: '{window}', wait: '{retryAfter}' }
    const reach = { organization: '{organization}', namespace: '{namespace}', permission: '{permission}' }
    const { results, code, pages } = await testedDocs({
      name: 'odd',
      key: { forms: [{ prefix: 'odd_' }] },
      body: { json: { code: '{code}', ...about } },
      refusals: { forbidden: { body: { json: { ...about, ...reach } } } },
    })
    expect(pages.get('index')).toContain('{"code":"missing_credential","limit":null,"window":null,"wait":null}')
    expect(pages.get('refusals')).toContain('"organization":"acme","namespace":null,"permission":null}')
    expect(results.filter(({ result }) => result === 'failed')).toEqual([])
    expect(code).toBe(0)
  }, 60_000)

  it('tells of a limit for each address, which no key can be given to try it', async () => {
    const limits = [{ requests: 10, windowSeconds: 60, per: 'address' }, bucket]
    const { results, code, pages } = await testedDocs({ name: 'odd', key: { forms: [{ prefix: 'odd_' }] }, limits })
    expect(pages.get('limits')).toContain('RateLimit-Policy: "key-bucket";q=10;w=60, "address-window";q=10;w=60\n')
    const untried = results.filter(({ message }) => message?.includes('for each address'))
    expect(untried.map(({ page, result }) => `${page} ${result}`)).toEqual([
      'refusals not_run',
      'limits not_run',
      'limits not_run',
    ])
    expect(code).toBe(0)
  }, 60_000)

  it('shows what its words would do to a page instead of doing it', () => {
    const evil = '<img src=x onerror=alert(1)> [x](javascript:alert(1)) ![](https://evil.example/i) `|`'
    const contract = {
      ...hopx,
      title: evil,
      permissions: { ...hopx.permissions, offered: { 'a:b': evil } },
      docs: { ...hopx.docs, organization: evil },
    }
    for (const [path, text] of siteOf({ contract, edge, control })) {
      if (!path.endsWith('.html')) continue
      expect(text).not.toMatch(/<img|href="(javascript|https):/)
      expect(text).toContain('&#60;img src=x onerror=alert(1)&#62;')
    }
  })

  it('has no example that a refusal smuggled in', () => {
    const smuggled = '````\n\n````sh accepted\ntouch /tmp/mine; echo HTTP/1.1 200 OK\n````\n'
    for (const text of [smuggled, smuggled.replaceAll('````', '`````'), smuggled.replaceAll('\n', '\r')]) {
      const contract = parseContract({ name: 'odd', key: { forms: [{ prefix: 'odd_' }] }, body: { text } })
      const examples = pagesOf({ contract, edge, control }).flatMap(readExamples)
      expect(examples.filter(({ code }) => code.includes('touch'))).toEqual([])
      const answers = examples.flatMap(({ answer, situation }) => (situation === 'missing_credential' ? [answer] : []))
      for (const answer of answers) expect(answer).toContain('touch /tmp/mine')
    }
  })

  it('shows a backtick where a prefix or a header has one', () => {
    const contract = parseContract({
      name: 'odd',
      key: { forms: [{ prefix: '`a``b`' }] },
      credential: { sources: [{ header: 'X-`Key' }] },
    })
    const pages = new Map(siteOf({ contract, edge, control }))
    const page = pages.get('docs/index.html')
    expect(page).toContain('<td><code>`a``b`</code></td>')
    expect(page).toContain('<code>X-`Key: &lt;key&gt;</code>')
  })

  const pageOf = (name: string, data: object) => {
    const contract = parseContract({ name: 'odd', key: { forms: [{ prefix: 'odd_' }] }, ...data })
    return pagesOf({ contract, edge, control }).find((page) => page.name === name)?.markdown
  }

  it('says which half of a key each variable holds', () => {
    const credential = { sources: [{ idHeader: 'X-Id', secretHeader: 'X-Secret' }] }
    const publicId = { length: 12 }
    expect(pageOf('index', { credential, key: { publicId, forms: [{ prefix: 'ck_' }] } })).toContain(
      'Of a key the first 15 characters go into `ODD_API_KEY_ID`, and what follows the `.` behind them into `ODD_API_KEY_SECRET`.',
    )
    const forms = [{ prefix: 'ck_' }, { prefix: 'ct_', environment: 'test', publicId: { length: 20, separator: '' } }]
    expect(pageOf('index', { credential, key: { publicId, forms } })).toContain(
      'Of a key that begins with `ct_` the first 23 characters go into `ODD_API_KEY_ID`, and the rest into `ODD_API_KEY_SECRET`.',
    )
  })

  it('speaks of a checksum where keys have one', () => {
    const forms = [{ prefix: 'a_' }, { prefix: 'b_', environment: 'test', checksum: false }]
    expect(pageOf('index', { key: { forms } })).toContain(
      'The last characters of one that begins with `a_` are a checksum',
    )
    expect(pageOf('index', { key: { forms: forms.slice(1) } })).not.toContain('checksum')
    expect(pageOf('index', { key: { forms: forms.slice(0, 1) } })).toContain('Its last characters are a checksum')
  })

  it('speaks of Retry-After where answers have it', () => {
    const headers = { 'Retry-After': '' }
    const without = { rate_limited: { headers }, unavailable: { headers }, quota_exceeded: { headers } }
    expect(pageOf('limits', {})).toContain('as `Retry-After` says')
    expect(pageOf('limits', { refusals: without })).not.toContain('Retry-After')
    expect(pageOf('refusals', {})).toContain('Try again after `Retry-After`.')
    expect(pageOf('refusals', { refusals: without })?.match(/.*Retry-After.*/g)).toEqual([
      expect.stringContaining('One with `Retry-After` says in it'),
    ])
  })

  it('names a kind with the article that goes before it', () => {
    const contract = parseContract({
      name: 'odd',
      key: { forms: [{ prefix: 'odd_' }, { prefix: 'odd_admin_', kind: 'admin' }] },
      routes: [{ path: '/settings', kinds: ['admin'] }, { path: '/**' }],
    })
    const pages = new Map(siteOf({ contract, edge, control }))
    expect([...pages].find(([path]) => path.endsWith('permissions.md'))?.[1]).toContain('an `admin` key')
  })

  it('says which kinds of key a route takes, and that publishable ones are refused elsewhere', () => {
    const contract = parseContract({
      name: 'odd',
      key: { forms: [{ prefix: 'odd_' }, { prefix: 'odd_pk_', kind: 'publishable' }] },
      routes: [{ path: '/tokens', kinds: ['publishable'], permission: 'tokens:make' }, { path: '/**' }],
    })
    const pages = new Map(siteOf({ contract, edge, control }))
    const page = [...pages].find(([path]) => path.endsWith('permissions.md'))?.[1]
    expect(page).toContain('| a `publishable` key with `tokens:make` |')
    expect(page).toContain('A publishable key is refused wherever no row names its kind.')
    const plain = [...siteOf({ contract: hopx, edge, control })].find(([path]) => path.endsWith('permissions.md'))?.[1]
    expect(plain).not.toContain('publishable')
  })

  it('prints as code what is sent, and nothing else', () => {
    const sources = [{ idHeader: 'X-Id', secretHeader: 'X-Secret' }, { basic: 'password' }, { header: 'X-Key' }]
    const page = pageOf('index', {
      key: { publicId: { length: 8 }, forms: [{ prefix: 'a_' }] },
      credential: { sources },
    })
    expect(page).toContain('- `X-Id: <id>` and `X-Secret: <secret>`\n')
    expect(page).toContain('- `Authorization: Basic` with the key as the password\n- `X-Key: <key>`\n')
  })

  it('says of publishable keys alone that anyone may see them', () => {
    const forms = [{ prefix: 'odd_' }, { prefix: 'odd_pk_', kind: 'publishable' }]
    expect(pageOf('rotation', { key: { forms } })).toContain('A publishable key may be seen by anyone')
    expect(pageOf('rotation', { key: { forms: forms.slice(0, 1) } })).not.toContain('publishable')
  })

  it('is the same for the same contract, byte for byte', () => {
    const subject = { contract: holonomix, edge, control }
    expect([...siteOf(subject)]).toEqual([...siteOf(subject)])
  })
})
