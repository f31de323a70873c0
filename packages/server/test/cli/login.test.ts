import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keywright } from '../support/command-line.ts'
import { freePort } from '../support/free-port.ts'
import { type SignedUp, signUp } from '../support/people.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
let server: TestServer
let ann: SignedUp
let home: string
let env: Record<string, string>

beforeAll(async () => {
  server = await startServer({ contract: 'holocron', env: { KEYWRIGHT_SIGN_UP: 'open' } })
  ann = await signUp(server, { email: 'ann@example.com' })
  home = mkdtempSync(join(tmpdir(), 'keywright-home-'))
  env = { HOME: home, KEYWRIGHT_URL: server.control }
})
afterAll(async () => {
  await server.stop()
  rmSync(home, { recursive: true })
})

/** Starts a login, and answers once its code is shown. */
async function startLogin(...flags: string[]) {
  const { PATH } = process.env
  const args = ['--conditions=keywright-source', main, 'login', '--no-browser', ...flags]
  const child = spawn(process.execPath, args, { env: { PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  let printed = ''
  child.stdout.on('data', (chunk) => {
    printed += chunk
  })
  const exit = once(child, 'close')
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    said += chunk
    if (/[A-Z]{4}-[A-Z]{4}/.test(said)) break
  }
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  return {
    code: /[A-Z]{4}-[A-Z]{4}/.exec(said)?.[0] ?? '',
    async end() {
      const [code] = await exit
      return { code, said, printed }
    },
  }
}

async function decide(verb: 'approve' | 'deny', userCode: string): Promise<void> {
  await ann.browser.call('GET', `/api/auth/device?user_code=${userCode}`)
  await ann.browser.call('POST', `/api/auth/device/${verb}`, { userCode })
}

const run = (...args: string[]) => keywright(args, { env })
const credentials = () => join(home, process.platform === 'darwin' ? 'Library/Preferences' : '.config', 'keywright')

describe('keywright login', () => {
  it('is needed before anything else, and says so', async () => {
    const { code, stderr } = await run('projects', 'list')
    expect([code, stderr.includes('keywright login')]).toEqual([3, true])
  })

  it('shows a code, waits, and then acts as the person who let it in', async () => {
    const login = await startLogin()
    await decide('approve', login.code)
    const { code, said, printed } = await login.end()
    expect([code, printed]).toEqual([0, ''])
    expect(said).toContain(`${server.control}/device`)
    expect(said).toContain('as ann@example.com')
    expect(said).not.toContain('kwc_')
    const { stdout } = await run('whoami')
    expect(stdout).toContain('ann@example.com')
  })

  it('leaves the token where no other user can read it', () => {
    const file = join(credentials(), 'credentials.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')))).toEqual([server.control])
  })

  it('opens the commands of the page, one after the other', async () => {
    const project = await run('projects', 'create', '--name', 'My Docs', '--quiet')
    expect(project.code).toBe(0)
    const made = await run('keys', 'create', '--name', 'production', '--project', project.stdout.trim(), '--json')
    const key = JSON.parse(made.stdout)
    expect(key).toMatchObject({ name: 'production', createdBy: ann.id })
    expect((await run('keys', 'list')).stdout).toContain('production')
    expect((await run('keys', 'delete', key.id, '--yes')).code).toBe(0)
    expect((await run('keys', 'list')).stdout).not.toContain('production')
    const { events } = (await ann.browser.call('GET', '/v1/audit')).json
    expect(events[0]).toMatchObject({ action: 'key.deleted', actor: { id: ann.id, triggeredBy: 'cli' } })
  })

  it('opens the members of one’s organization', async () => {
    const { code, stdout } = await run('members', 'list')
    expect([code, stdout.includes('ann@example.com'), stdout.includes('owner')]).toEqual([0, true, true])
    const invited = await run('members', 'invite', '--email', 'bob@example.com', '--role', 'admin', '--quiet')
    const bob = await signUp(server, {
      email: 'bob@example.com',
      invitation: new URL(invited.stdout.trim()).hash.slice(1),
    })
    expect((await run('members', 'list', '--quiet')).stdout.trim().split('\n').sort()).toEqual([ann.id, bob.id].sort())
    const first = await run('members', 'list', '--limit', '1')
    expect([first.stdout.trim().split('\n').length, first.stderr.includes('--cursor')]).toEqual([2, true])
    expect((await run('members', 'role', 'bob@example.com', 'member', '--json')).stdout).toContain(bob.id)
    const counted = await run('members', 'remove', bob.id, '--dry-run', '--json')
    expect(JSON.parse(counted.stdout)).toMatchObject({ user: bob.id, keys: 0, dryRun: true })
    const would = await run('members', 'remove', bob.id, '--dry-run')
    expect(would.stdout).toBe('Nothing was changed. It would revoke 0 keys.\n')
    const removed = await run('members', 'remove', 'bob@example.com', '--yes')
    expect([removed.code, removed.stdout]).toEqual([0, 'bob@example.com is out. Revoked: 0 keys.\n'])
    expect((await run('members', 'remove', 'bob@example.com', '--yes')).code).toBe(4)
  })

  it('does not check a log of which it is shown a part', async () => {
    expect((await run('audit', 'verify')).code).toBe(2)
  })

  it('gives way to a service key in the environment', async () => {
    const { stdout } = await keywright(['whoami', '--json'], {
      env: { ...env, KEYWRIGHT_SERVICE_KEY: 'a-service-key-of-the-tests-with-many-characters' },
    })
    expect(JSON.parse(stdout).type).toBe('service_key')
  })

  it('asks nobody where its token could not be kept, and ends one that in the end cannot be', async () => {
    const file = join(home, 'a-file')
    writeFileSync(file, '')
    const nowhere = await keywright(['login', '--no-browser'], { env: { ...env, XDG_CONFIG_HOME: file, HOME: file } })
    expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringContaining('cannot be written (E')])
    expect(nowhere.stderr).toContain('hint: Move away the file that stands where a folder should be')
    expect(nowhere.stderr).not.toMatch(/[A-Z]{4}-[A-Z]{4}/)

    const login = await startLogin()
    const kept = `${credentials()}-kept`
    renameSync(credentials(), kept)
    writeFileSync(credentials(), '')
    await decide('approve', login.code)
    const { code, said } = await login.end()
    rmSync(credentials())
    renameSync(kept, credentials())
    expect([code, said]).toEqual([1, expect.stringContaining('cannot be written (E')])
    const { cliTokens } = (await ann.browser.call('GET', '/v1/cli-tokens')).json
    expect(cliTokens.map(({ revokedAt }: { revokedAt: string | null }) => revokedAt !== null).sort()).toEqual([
      false,
      true,
    ])
    expect((await run('whoami')).code).toBe(0)
  })

  it('fails with a reason where the person says no', async () => {
    const login = await startLogin()
    await decide('deny', login.code)
    const { code, said } = await login.end()
    expect([code, said.includes('The login was denied.')]).toEqual([1, true])
  })
})

describe('keywright login --timeout', () => {
  it('waits for a decision no longer than that, and says how long the code holds', async () => {
    const { code, stderr } = await run('login', '--no-browser', '--timeout', '2s')
    expect([code, stderr]).toEqual([5, expect.stringContaining('error: Nobody decided within 2 seconds.\nhint: ')])
    expect(stderr).toContain('within 10 minutes')
  })
})

describe('keywright logout', () => {
  it('ends the login here and on the server', async () => {
    const file = join(credentials(), 'credentials.json')
    const token = JSON.parse(readFileSync(file, 'utf8'))[server.control]
    const { code, stdout } = await run('logout', '--json')
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { revokedAt: expect.any(String) }])
    expect(readFileSync(file, 'utf8')).not.toContain(token)
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(`${server.control}/v1/whoami`, { headers })).status).toBe(401)
    expect((await run('logout')).code).toBe(3)
    expect((await run('whoami')).code).toBe(3)
  })

  it('keeps a login that the server could not end, and forgets one that is over', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    const file = join(credentials(), 'credentials.json')
    writeFileSync(file, JSON.stringify({ [url]: 'kwc_token' }))
    const logout = () => keywright(['logout'], { env: { ...env, KEYWRIGHT_URL: url } })
    const away = await logout()
    expect([away.code, away.stderr]).toEqual([1, expect.stringMatching(/^You are still logged in: .+\nerror: /)])
    expect(readFileSync(file, 'utf8')).toContain('kwc_token')

    let body = 'of a proxy that wants a password of its own'
    const back = createServer((_, response) => response.writeHead(401).end(body)).listen(Number(new URL(url).port))
    await once(back, 'listening')
    expect((await logout()).code).toBe(1)
    expect(readFileSync(file, 'utf8')).toContain('kwc_token')
    body = JSON.stringify({ type: 'urn:keywright:problem:invalid_credential', code: 'invalid_credential' })
    expect((await logout()).code).toBe(3)
    back.closeAllConnections()
    back.close()
    expect(readFileSync(file, 'utf8')).not.toContain('kwc_token')
  })
})
