import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settings } from '../../src/config/settings.ts'
import { keywright } from '../support/command-line.ts'
import { serviceKey, startServer, type TestServer } from '../support/start-server.ts'

let server: TestServer
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  env = { KEYWRIGHT_URL: server.control, KEYWRIGHT_SERVICE_KEY: serviceKey }
})
afterAll(() => server.stop())

async function listen(answer: RequestListener) {
  const listening = createServer(answer).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  return {
    url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    async close() {
      listening.closeAllConnections()
      listening.close()
      await once(listening, 'close')
    },
  }
}

/** And nothing else. */
const answerContract: RequestListener = ({ url }, response) => {
  if (url === '/v1/contract') response.end(JSON.stringify({ docs: { variable: 'KEYWRIGHT_API_KEY' } }))
}
const answerReady: RequestListener = ({ url }, response) => {
  if (url === '/ready') response.end()
}

describe('keywright exits with', () => {
  it('0 and help on stdout where help is asked for', async () => {
    const { code, stdout } = await keywright(['keys', 'create', '--help'])
    expect([code, stdout.startsWith('Usage: keywright keys create')]).toEqual([0, true])
  })

  it.each([
    ['an argument', (credential: string) => ['doctor', credential]],
    ['a command', (credential: string) => [credential]],
    ['an option', (credential: string) => ['keys', 'list', `--${credential}`]],
    ["an option's value", (credential: string) => ['keys', 'list', '--limit', credential]],
  ])('2 where a credential stands for %s, without repeating it', async (_, args) => {
    const credential = `kw_live_${'a1B2'.repeat(12)}c`
    const { code, stdout, stderr } = await keywright(args(credential), { env })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^error: .+\nhint: /)
    expect(stdout + stderr).not.toContain(credential.slice(8, 24))
  })

  it.each(['not an address', 'ftp://127.0.0.1', 'http://ann:a-password@127.0.0.1'])(
    '2 where KEYWRIGHT_URL is %s, without repeating it',
    async (url) => {
      const { code, stdout, stderr } = await keywright(['whoami'], { env: { ...env, KEYWRIGHT_URL: url } })
      expect([code, stdout, stderr.includes(url), stderr.includes('a-password')]).toEqual([2, '', false, false])
      expect(stderr).toMatch(/^error: KEYWRIGHT_URL .+\nhint: /)
    },
  )

  it('0 and help that names units, and flags that may be repeated', async () => {
    expect((await keywright(['--help'])).stdout).toContain('(default: 45s)')
    expect((await keywright(['bench', '--help'])).stdout).toContain('(default: 5s)')
    expect((await keywright(['serve', '--help'])).stdout).toMatch(/--trusted-proxy <cidr> [^-]+; repeatable\n/)
  })

  it('0 and help that names every setting of a server, and what flags are unless given', async () => {
    const { stdout } = await keywright(['serve', '--help'])
    const said = stdout.replaceAll(/\s+/g, ' ')
    for (const { variable, flag, fallback } of Object.values(settings)) {
      expect(stdout).toContain(`\n  ${variable}\n`)
      if (flag && fallback !== null) expect(said).toMatch(new RegExp(`--${flag.name} [^-]+; ${fallback} unless given`))
    }
  })

  it('0 where the variable for the contract is empty, as it is for a server', async () => {
    const { code, stdout } = await keywright(['scan-rules'], { env: { KEYWRIGHT_CONTRACT: '' } })
    expect([code, stdout]).toEqual([0, (await keywright(['scan-rules'])).stdout])
  })

  it('0 and the help of one command within another', async () => {
    const { code, stdout } = await keywright(['help', 'keys', 'rotate'])
    expect([code, stdout]).toEqual([0, expect.stringContaining('Usage: keywright keys rotate')])
  })

  it('1 where the server cannot be reached', async () => {
    const gone = await listen(() => {})
    await gone.close()
    const away = { KEYWRIGHT_URL: gone.url, KEYWRIGHT_SERVICE_KEY: serviceKey }
    const { code, stderr } = await keywright(['organizations', 'create', '--name', 'x'], { env: away })
    expect(code).toBe(1)
    const words = `No answer from ${gone.url}: the connection was refused.`
    expect(stderr).toContain(`error: ${words}`)
    expect(stderr).toContain('hint: ')
    expect((await keywright(['doctor'], { env: away })).stdout).toContain(words)
  })

  const brokenOff: RequestListener = (_, response) => response.writeHead(200).write('{', () => response.destroy())
  it.each<[string, RequestListener]>([
    ['breaks off its answer', brokenOff],
    ['redirects', (_, response) => response.writeHead(307, { location: 'https://example.com/' }).end()],
    ['is a proxy that has lost its server', (_, response) => response.writeHead(502).end('<h1>Bad Gateway</h1>')],
  ])('1 where one that is there %s, and asks to look for what was carried out', async (_, answer) => {
    const other = await listen(answer)
    const args = ['organizations', 'create', '--name', 'x']
    const { code, stderr } = await keywright(args, { env: { ...env, KEYWRIGHT_URL: other.url } })
    await other.close()
    expect([code, stderr]).toEqual([1, expect.stringMatching(/\nhint: .*Look whether it was carried out /)])
    expect(stderr).not.toContain('keywright serve')
  })

  it.each([429, 503])('1 where a server asks with %i to wait, and says how long', async (status) => {
    const busy = await listen((_, response) => response.writeHead(status, { 'Retry-After': '90' }).end())
    const { code, stderr } = await keywright(['keys', 'list'], { env: { ...env, KEYWRIGHT_URL: busy.url } })
    await busy.close()
    expect([code, stderr]).toEqual([1, expect.stringContaining('hint: Try again in 90 seconds.\n')])
  })

  it.each([401, 403, 404])(
    '1 where what is not the control side answers %i, and names KEYWRIGHT_URL',
    async (status) => {
      const other = await listen((_, response) => response.writeHead(status).end('<h1>no</h1>'))
      const { code, stderr } = await keywright(['keys', 'list'], { env: { ...env, KEYWRIGHT_URL: other.url } })
      await other.close()
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining(
          `${other.url} answers ${status}, and not as the control side does.\nhint: Check KEYWRIGHT_URL`,
        ),
      ])
    },
  )

  it('1 where KEYWRIGHT_URL goes on behind the control side, and names it instead of the id', async () => {
    const { code, stderr } = await keywright(['keys', 'inspect', 'key_1'], {
      env: { ...env, KEYWRIGHT_URL: `${server.control}/v1` },
    })
    expect([code, stderr]).toEqual([1, expect.stringContaining('error: There is no /v1/v1/keys/key_1 here.')])
    expect(stderr).toContain('hint: Check KEYWRIGHT_URL')
  })

  it.each([
    [['keys', 'create', '--name', 'x', '--organization', 'acme', '--quiet']],
    [['keys', 'inspect', 'key_1']],
    [['keys', 'delete', 'key_1', '--yes']],
    [['keys', 'list']],
    [['usage']],
    [['whoami']],
    [['login', '--no-browser']],
    [['bench']],
  ])('1 where %j asks a server that answers anything with 200, and takes nothing for done', async (args) => {
    for (const body of ['{"hello":"world"}', '<h1>hello</h1>']) {
      const other = await listen((_, response) => response.end(body))
      const { code, stdout, stderr } = await keywright(args, { env: { ...env, KEYWRIGHT_URL: other.url } })
      await other.close()
      const words = `error: ${other.url} answers, and not as the control side does.\nhint: Check KEYWRIGHT_URL`
      expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining(words)])
    }
  })

  it.each([[['keys', 'list']], [['login', '--no-browser']], [['bench']]])(
    '1 where %j asks the edge, and says nothing of a credential',
    async (args) => {
      const { code, stderr } = await keywright(args, { env: { ...env, KEYWRIGHT_URL: server.edge } })
      expect([code, stderr]).toEqual([1, expect.stringContaining('Check KEYWRIGHT_URL')])
      expect(stderr).not.toMatch(/credential|API key/)
    },
  )

  it.each([
    [['--limit', '0/1m'], 'error: --limit: requests must be at least 1.\n'],
    [['--limit', '1000000001/1m'], 'error: --limit: requests must be at most 1000000000.\n'],
    [['--limit', '5/1m', '--limit', '5/99w'], 'error: --limit: seconds must be at most 31622400.\n'],
    [['--expires', '2020-01-01'], 'error: --expires: The expiry must lie in the future.\n'],
  ])('1 where the server refuses what %j says, in the words of the flag', async (flags, words) => {
    const args = ['keys', 'create', '--name', 'x', '--organization', 'acme', ...flags]
    const { code, stderr } = await keywright(args, { env })
    expect([code, stderr]).toEqual([1, words])
  })

  it.each([
    [['keys', 'list', '--search', ''], 'error: --search must have at least 1 character.\n'],
    [['keys', 'list', '--order', 'name'], 'error: --organization is missing: order=name needs one.\n'],
    [['keys', 'list', '--project', ''], 'error: --project must have at least 1 character.\n'],
    [['usage', '--key', ''], 'error: --key must have at least 1 character.\n'],
    [['audit', 'list', '--action', 'x'.repeat(65)], 'error: --action must have at most 64 characters.\n'],
    [['usage', '--by', 'key,hour'], 'error: --by must be key, version, organization, outcome or route.\n'],
  ])('1 and names the flag whose value no list can be asked with: %j', async (args, message) => {
    const { code, stdout, stderr } = await keywright(args, { env })
    expect([code, stdout, stderr]).toEqual([1, '', message])
  })

  it('0 where an organization has no projects, and says that it may not be there', async () => {
    const { code, stderr } = await keywright(['projects', 'list', '--organization', 'nope'], { env })
    expect([code, stderr]).toEqual([0, expect.stringContaining("Check that there is 'nope'")])
  })

  it.each([
    [['organizations', 'create', '--name', 'x', '--id', 'A B'], 'error: --id must be 1 to 63 of a-z'],
    [['organizations', 'create', '--name', 'x', '--plan', ''], 'error: --plan must have at least 1 character.'],
    [['keys', 'create', '--name', 'x', '--organization', 'acme', '--kind', 'odd'], 'error: --kind: Keywright issues '],
    [
      ['keys', 'create', '--name', 'x', '--organization', 'acme', '--environment', 'odd'],
      'error: --environment: Keywright',
    ],
    [['keys', 'revoke', 'key_x', '--reason', ''], 'error: --reason must have at least 1 character.'],
    [['members', 'invite', '--organization', 'acme', '--email', 'ann'], 'error: --email must be an e-mail address.'],
    [['audit', 'list', '--cursor', 'odd'], 'error: --cursor is none that a list has answered.'],
    [['decisions', '--reason', 'odd'], 'error: --reason must be malformed_request, missing_credential, '],
  ])('1 where the server refuses, and names the flag: %j', async (args, words) => {
    const { code, stderr } = await keywright(args, { env })
    expect([code, stderr]).toEqual([1, expect.stringContaining(words)])
  })

  it.each([
    [['kies'], 'Did you mean keys?'],
    [['keys', 'creat'], 'Did you mean create?'],
    [['keys', 'list', '--organisation', 'acme'], 'Did you mean --organization?'],
    [['keys', 'inspect'], 'Add --help'],
    [['keys', 'rotate', 'key_x', '--grace', 'soon'], 'Add --help'],
    [['keys', 'rotate', 'key_x', '--grace', '24'], 'Add --help'],
    [['keys', 'create', '--name', 'x', '--expires', '90'], 'Add --help'],
    [['keys', 'list', '--limit', '0'], 'Add --help'],
    [['whoami', '--timeout', '30d'], 'Add --help'],
    [['whoami', '--timeout', '0'], 'Add --help'],
    [['keys', 'create', '--name', 'x', '--expires', '99999999d'], 'Add --help'],
    [['audit', 'list', '--since', '999999999w'], 'Add --help'],
    [['keys', 'create', '--name', 'x', '--expires', '2027-02-30'], 'Add --help'],
    [['keys', 'create', '--name', 'x', '--expires', '2027-02-19T08:00:00'], 'Add --help'],
    [['audit', 'list', '--since', '2026-11-31'], 'Add --help'],
    [['audit', 'list', '--since', '2026-11-20 08:00'], 'Add --help'],
    [['help', 'nope'], 'Add --help'],
    [['serve', '--port', '1', '--port', '2'], 'Add --help'],
    [['serve', '--prot', '1'], 'Did you mean --port?'],
  ])('2 where it is called wrongly: %j', async (args, hint) => {
    const { code, stdout, stderr } = await keywright(args, { env })
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^error: .+\.\nhint: /)
    expect(stderr).toContain(hint)
  })

  it.each([
    [['keys', 'rotate', 'key_x', '--grace', '24'], "'24' is invalid. Write a duration with its unit, such as 24h"],
    [['keys', 'create', '--expires', '90'], "'90' is invalid. Write a duration with its unit, such as 90d"],
    [['whoami', '--timeout', 'abc'], "'abc' is invalid. Write a duration from 1s to 1d."],
    [['bench', '--duration', 'abc'], "'abc' is invalid. Write a duration from 1s to 1m."],
  ])('2 where a duration cannot be taken, and says what to write: %j', async (args, words) => {
    const { code, stderr } = await keywright(args, { env })
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)])
  })

  it.each(['ftp://x', 'nonsense'])('2 where KEYWRIGHT_URL is %s', async (url) => {
    expect((await keywright(['whoami'], { env: { ...env, KEYWRIGHT_URL: url } })).code).toBe(2)
  })

  it('3 where nobody is signed in, or the service key is not accepted', async () => {
    const anonymous = await keywright(['keys', 'list'], { env: { KEYWRIGHT_URL: server.control } })
    expect([anonymous.code, anonymous.stderr.includes('KEYWRIGHT_SERVICE_KEY')]).toEqual([3, true])
    const wrong = await keywright(['keys', 'list'], { env: { ...env, KEYWRIGHT_SERVICE_KEY: 'x'.repeat(40) } })
    expect(wrong.code).toBe(3)
  })

  it('as ever where the user has no home, and 3 where a login was needed from there', async () => {
    const noHome = `import os from 'node:os'; os.homedir = () => { throw new Error('no such user') }`
    const homeless = { ...env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(noHome)}` }
    expect(await keywright(['serve', '--help'], { env: homeless })).toMatchObject({ code: 0, stderr: '' })
    expect((await keywright(['keys', 'list'], { env: homeless })).code).toBe(0)
    const anonymous = await keywright(['keys', 'list'], { env: { ...homeless, KEYWRIGHT_SERVICE_KEY: '' } })
    expect([anonymous.code, anonymous.stderr]).toEqual([3, expect.stringContaining('You are not signed in.')])
  })

  it('4 where there is no such thing', async () => {
    expect((await keywright(['keys', 'inspect', 'key_nothing'], { env })).code).toBe(4)
    expect((await keywright(['keys', 'list', '--organization', '..'], { env })).code).toBe(0)
  })

  it.each([
    [['keys', 'create', '--name', 'x']],
    [['projects', 'create', '--name', 'x']],
    [['service-keys', 'create', '--name', 'x', '--permission', 'verify']],
  ])('4 where %j names an organization that is not there, and says how to make it', async (args) => {
    const { code, stderr } = await keywright([...args, '--organization', 'globex'], { env })
    expect([code, stderr]).toEqual([
      4,
      expect.stringContaining('keywright organizations create --id globex --name <name>'),
    ])
    const theirs = await keywright([...args, '--organization', 'org_1'], { env })
    expect([theirs.code, theirs.stderr]).toEqual([4, expect.stringContaining('keywright whoami')])
  })

  it('5 where nobody decides while the code of a login holds', async () => {
    const codes = { device_code: 'd', user_code: 'ABCD-EFGH', verification_uri: 'x', verification_uri_complete: 'x' }
    const expired = await listen(({ url }, response) => {
      const isStart = url === '/api/auth/device/code'
      const answer = isStart ? { ...codes, expires_in: 90, interval: 0 } : { error: 'expired_token' }
      response.writeHead(isStart ? 200 : 400).end(JSON.stringify(answer))
    })
    const { code, stderr } = await keywright(['login', '--no-browser'], { env: { KEYWRIGHT_URL: expired.url } })
    await expired.close()
    expect([code, stderr]).toEqual([5, expect.stringContaining('error: Nobody decided in time.')])
    expect(stderr).toContain('within 90 seconds')
  })

  it('5 where no answer comes in time', async () => {
    const silent = await listen(() => {})
    const slow = { KEYWRIGHT_URL: silent.url, KEYWRIGHT_SERVICE_KEY: serviceKey }
    const { code, stderr } = await keywright(['keys', 'list', '--timeout', '1s'], { env: slow })
    await silent.close()
    expect([code, stderr.includes('did not answer within')]).toEqual([5, true])
  })

  it.each([
    [5, ['login', '--no-browser'], () => {}],
    [5, ['bench'], answerContract],
    [1, ['doctor', '--json'], answerReady],
  ] as const)(
    '%i where %j waits as long as --timeout says',
    async (code, args, answer) => {
      const silent = await listen(answer)
      const slow = { KEYWRIGHT_URL: silent.url, KEYWRIGHT_SERVICE_KEY: serviceKey }
      const ran = await keywright(['--timeout', '1s', ...args], { env: slow })
      await silent.close()
      expect([ran.code, ran.stderr + ran.stdout]).toEqual([code, expect.stringContaining('did not answer within 1 s')])
    },
    20_000,
  )

  it('never with the credential in what it says', async () => {
    const canary = 'canary-canary-canary-canary-canary'
    for (const key of [canary, `${canary}\nInjected: yes`]) {
      const { stdout, stderr } = await keywright(['keys', 'list'], { env: { ...env, KEYWRIGHT_SERVICE_KEY: key } })
      expect(stdout + stderr).not.toContain('canary')
    }
  })
})
