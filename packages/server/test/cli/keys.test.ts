import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { issue, type Limit, rotate } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keywright, keywrightAtTerminal, type Ran } from '../support/command-line.ts'
import { serviceKey, startServer, type TestServer, tester } from '../support/start-server.ts'

let server: TestServer
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  env = { KEYWRIGHT_URL: server.control, KEYWRIGHT_SERVICE_KEY: serviceKey }
})
afterAll(() => server.stop())

const run = (line: string): Promise<Ran> => keywright(line.split(' '), { env })

async function edge(credential: string): Promise<number> {
  return (await fetch(`${server.edge}/v1/things`, { headers: { authorization: `Bearer ${credential}` } })).status
}

describe('a day with keywright', () => {
  it('makes an organization, a project and a key, rotates it, and revokes it', async () => {
    const organization = await run('organizations create --name Initech --id initech')
    expect(organization.code).toBe(0)
    expect(organization.stdout).toMatch(/^ID +NAME +STATE/)
    expect(organization.stdout).toContain('initech')
    expect(organization.stderr).toContain('keywright keys create --organization initech')

    const project = await run('projects create --name Website --organization initech --quiet')
    expect(project.stdout).toMatch(/^prj_[0-9a-z]{26}\n$/)

    const line = `keys create --name production --project ${project.stdout.trim()} --expires 90d --limit 100/1m`
    const key = await run(line)
    expect(key.code).toBe(0)
    expect(key.stdout).toMatch(/expires +\d{4}-\d\d-\d\d \d\d:\d\d UTC \(in \d+ (days|months)\)/)
    expect(key.stderr).toContain('shown this once')
    const [, id = ''] = /id +(key_\w+)/.exec(key.stdout) ?? []
    const [, credential = ''] = /credential +(\S+)/.exec(key.stdout) ?? []
    expect(await edge(credential)).toBe(404)

    const inspected = await run(`keys inspect ${id}`)
    expect(inspected.stdout).toContain('100 in 60 s per key')
    expect(inspected.stdout).not.toContain(credential)

    const rotated = await run(`keys rotate ${id} --grace 1h --quiet`)
    expect(await edge(credential)).toBe(404)
    expect(await edge(rotated.stdout.trim())).toBe(404)

    expect((await run(`keys suspend ${id}`)).stdout).toContain('suspended')
    expect(await edge(credential)).toBe(401)
    expect((await run(`keys resume ${id}`)).stdout).toContain('active')

    const revoked = await run(`keys revoke ${id} --reason leaked --wait --yes`)
    expect(revoked.stdout).toBe(`${id} is revoked, and refused on every node.\n`)
    expect(await edge(rotated.stdout.trim())).toBe(401)

    expect((await run(`keys delete ${id} --yes`)).code).toBe(0)
    expect((await run(`keys inspect ${id}`)).code).toBe(4)

    const audit = await run(`audit list --key ${id}`)
    const actions = ['key.deleted', 'key.revoked', 'key.resumed', 'key.suspended', 'key.rotated', 'key.created']
    expect(audit.stdout.match(/key\.\w+/g)).toEqual(actions)
    expect((await run('audit verify')).stdout).toMatch(/^\d+ changes, each chained to the one before/)
  })

  it('revokes without waiting for every node, with a receipt to ask about', async () => {
    const { id } = JSON.parse((await run('keys create --name brief --organization acme --json')).stdout)
    const { stdout, stderr } = await run(`keys revoke ${id} --no-wait --yes`)
    expect(stdout).toBe(`${id} is revoked, and on its way to every node.\n`)
    expect(stderr).toMatch(/receipt \S+/)
    await run(`keys delete ${id} --yes`)
  })

  it('puts the credential alone into a variable', async () => {
    const { stdout, stderr } = await run('keys create --name ci --organization acme --quiet')
    expect(stdout).toMatch(/^kw_live_[0-9A-Za-z]+\n$/)
    expect(stderr).toBe('')
    expect(await edge(stdout.trim())).toBe(404)
  })

  it('manages service keys', async () => {
    const made = await run('service-keys create --name CI --permission manage --permission verify --quiet')
    expect(made.stdout).toMatch(/^kwo_[0-9A-Za-z]{49}\n$/)
    const whoami = await keywright(['whoami'], { env: { ...env, KEYWRIGHT_SERVICE_KEY: made.stdout.trim() } })
    expect(whoami.stdout).toMatch(/permissions +manage, verify/)
    const [, id = ''] = /service key (svc_\w+)/.exec(whoami.stdout) ?? []
    expect((await run(`service-keys revoke ${id} --yes`)).stdout).toContain('revoked')
    expect((await run('service-keys list')).stdout).toMatch(new RegExp(`${id}.*revoked`))
    const after = await keywright(['whoami'], { env: { ...env, KEYWRIGHT_SERVICE_KEY: made.stdout.trim() } })
    expect(after.code).toBe(3)
  })
})

describe('--json', () => {
  it('prints exactly what the API answered', async () => {
    const { key } = await server.issue({ name: 'Exact', metadata: { 'b"': 1, a: '√' } })
    const answered = async (path: string) => {
      const response = await fetch(server.control + path, { headers: { authorization: `Bearer ${serviceKey}` } })
      return `${await response.text()}\n`
    }
    expect((await run(`keys inspect ${key.id} --json`)).stdout).toBe(await answered(`/v1/keys/${key.id}`))
    expect((await run('keys list --json --limit 2')).stdout).toBe(await answered('/v1/keys?limit=2'))
    expect((await run('organizations list --json')).stdout).toBe(await answered('/v1/organizations'))
    expect((await run('audit list --json --limit 3')).stdout).toBe(await answered('/v1/audit?limit=3'))
    expect((await run('whoami --json')).stdout).toBe(await answered('/v1/whoami'))
  })

  it('has the credential of what is made, once', async () => {
    const { stdout } = await run('keys create --name json --organization acme --json')
    expect(JSON.parse(stdout)).toMatchObject({ name: 'json', credential: expect.stringMatching(/^kw_live_/) })
  })
})

describe('what is printed', () => {
  it('has no colours but at a terminal', async () => {
    await server.issue()
    expect((await run('keys list')).stdout).not.toContain('\u001b[')
    const terminal = { ...env, TERM: 'xterm-256color' }
    const args = ['keys', 'list', '--limit', '1']
    expect((await keywrightAtTerminal(args, { env: terminal, input: '' })).stdout).toContain('\u001b[32mactive')
    const without = await keywrightAtTerminal(args, { env: { ...terminal, NO_COLOR: '1' }, input: '' })
    expect(without.stdout).not.toContain('\u001b[')
  })

  it('says how long ago something was, with the date beside it', async () => {
    await server.issue()
    const { stdout } = await run('keys list --limit 1')
    expect(stdout).toMatch(/ 20\d\d-\d\d-\d\d \((just now|\d+ \w+ ago)\)/)
  })

  it('shows what a name would do to a terminal instead of doing it', async () => {
    const name = 'evil\u001b]0;title\u0007\r\n\u202espoof'
    await server.lifecycle.store.transact(async (transaction) => {
      const organization = { id: 'evil', name, plan: null, namespaces: null, monthlyQuota: null } as const
      await transaction.putOrganization({ ...organization, state: 'active', createdAt: new Date() })
      const actor = { type: 'system', id: 'tests', triggeredBy: 'api', address: null, requestId: null } as const
      const event = { action: 'organization.created', organization: 'evil', target: 'evil', at: new Date() } as const
      transaction.record({ ...event, actor, details: {} })
    })
    const { stdout } = await run('organizations list')
    expect(stdout).toContain('evil\\u{1b}]0;title\\u{7}\\u{d}\\u{a}\\u{202e}spoof')
  })

  it('reads every page of a long list, and one where one is asked for', async () => {
    await Promise.all(Array.from({ length: 55 }, (_, i) => server.issue({ name: `many ${i}` })))
    const all = await run('keys list --quiet')
    expect(all.stdout.trim().split('\n').length).toBeGreaterThanOrEqual(55)
    const one = await run('keys list --limit 3')
    expect(one.stdout.trim().split('\n')).toHaveLength(4)
    expect(one.stderr).toMatch(/--cursor \S+/)
  })
})

describe('keywright keys inspect', () => {
  it('shows no secret of a key that has ended as one that works', async () => {
    const revoked = await server.issue()
    await rotate(server.lifecycle, tester, revoked.key.id, { graceSeconds: 3_600 })
    expect((await run(`keys inspect ${revoked.key.id}`)).stdout).toMatch(/^1 .* UTC \(in 60 minutes\)$/m)
    await server.revoke(revoked.key.id)
    const expired = await server.issue({ expiresAt: new Date(Date.now() + 4_000) })
    await rotate(server.lifecycle, tester, expired.key.id, { graceSeconds: 3_600 })
    await setTimeout(4_000)
    for (const [{ key }, state] of [
      [revoked, 'revoked'],
      [expired, 'expired'],
    ] as const) {
      const { stdout } = await run(`keys inspect ${key.id}`)
      expect(stdout).toMatch(new RegExp(`^1 .* ${state}\n2 .* ${state}\n$`, 'm'))
      expect(stdout).not.toContain('(in ')
    }
  })

  it('shows no secret as one that works longer than its key', async () => {
    const { key } = await server.issue({ expiresAt: new Date(Date.now() + 86_400_000) })
    await rotate(server.lifecycle, tester, key.id, { graceSeconds: 7 * 86_400 })
    const { stdout } = await run(`keys inspect ${key.id}`)
    expect(stdout).toMatch(/^1 .* \(in 24 hours\)\n2 .* \(in 24 hours\)\n$/m)
  })

  it('shows when a secret ended that had ended before its key', async () => {
    const { key } = await server.issue()
    await rotate(server.lifecycle, tester, key.id)
    await setTimeout(10)
    await server.revoke(key.id)
    expect((await run(`keys inspect ${key.id}`)).stdout).toMatch(/^1 .* UTC \([^)]+\)\n2 .* revoked\n$/m)
  })
})

describe('keywright keys inspect of a key with limits', () => {
  let limited: TestServer
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keywright-limited-'))
    const contract = join(folder, 'limited.json')
    const limits = [{ requests: 50, windowSeconds: 60, per: 'organization' }]
    writeFileSync(contract, JSON.stringify({ name: 'limited', key: { forms: [{ prefix: 'li_' }] }, limits }))
    limited = await startServer({ contract })
  })
  afterAll(async () => {
    await limited.stop()
    rmSync(folder, { recursive: true })
  })

  const reach = { permissions: null, namespaces: null, allowedIps: null, limits: null, expiresAt: null }
  const own: Limit[] = [{ requests: 5, windowSeconds: 60, per: 'organization', kind: 'window' }]

  it.each([
    ['the default', null, undefined],
    ['none', null, []],
    ['5 in 60 s per organization', null, own],
    ['5 in 60 s per organization, beside the default', reach, own],
    ['9 at once, refilled over 60 s per key', null, [{ requests: 9, windowSeconds: 60, per: 'key', kind: 'bucket' }]],
  ] as const)('says %s', async (words, makers, limits) => {
    const key = { organization: 'acme', name: 'limited', ...(limits && { limits }) }
    const { id } = (await issue(limited.lifecycle, tester, key, makers)).key
    const { stdout } = await keywright(['keys', 'inspect', id], { env: { ...env, KEYWRIGHT_URL: limited.control } })
    expect(/^limits +(.*)$/m.exec(stdout)?.[1]).toBe(words)
  })
})

describe('keywright keys callers', () => {
  it('asks about any secret of a key, however many it has had', async () => {
    const { key } = await server.issue()
    const later = await run(`keys callers ${key.id} --secret 201`)
    expect([later.code, later.stderr]).toEqual([0, 'Nobody has used this secret, as far as is kept.\n'])
    const none = await run(`keys callers ${key.id} --secret 0`)
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('Write the number of a secret version')])
  })
})

describe('keywright keys rotate', () => {
  it('says how long a grace may be', async () => {
    const { key } = await server.issue()
    const { code, stderr } = await run(`keys rotate ${key.id} --grace 40d`)
    expect([code, stderr]).toEqual([1, 'error: --grace is too long for Keywright.\nhint: Give it 30 days at most.\n'])
  })

  it('ends the old secret at once with a grace of 0', async () => {
    const { key, credential } = await server.issue()
    expect((await run(`keys rotate ${key.id} --grace 0`)).code).toBe(0)
    expect(await edge(credential)).toBe(401)
  })
})

describe('keywright keys list', () => {
  it('says where to look whether there is the organization that has no keys', async () => {
    const { code, stderr } = await run('keys list --organization nope')
    expect([code, stderr]).toEqual([0, "No key matches. Check that there is 'nope': keywright organizations list\n"])
  })

  it('is searched and ordered by the server', async () => {
    await run('organizations create --id searched --name Searched')
    for (const name of ['web', 'backup', 'webhook']) await run(`keys create --organization searched --name ${name}`)
    const list = async (more: string) => {
      const { stdout } = await run(`keys list --organization searched --json ${more}`)
      return JSON.parse(stdout).keys.map(({ name }: { name: string }) => name)
    }
    expect(await list('--order name --direction desc')).toEqual(['webhook', 'web', 'backup'])
    expect(await list('--search WEB --order name')).toEqual(['web', 'webhook'])
    const { stderr } = await run('keys list --organization searched --search nothing')
    expect(stderr).toBe('No key matches.\n')
  })
})

describe('keywright organizations list', () => {
  it('is searched by the server', async () => {
    await run('organizations create --id wanted --name Sought-After')
    expect((await run('organizations list --search sought --quiet')).stdout).toBe('wanted\n')
    expect((await run('organizations list --search WANT --quiet')).stdout).toBe('wanted\n')
    expect((await run('organizations list --search nobody')).stderr).toBe('No organization matches.\n')
  })
})

describe('without a terminal', () => {
  it.each([
    ['keys create --organization acme', '--name is missing.'],
    ['keys create --name x', '--organization or --project is missing.'],
    ['organizations create', '--name is missing.'],
    ['projects create', '--name is missing.'],
    ['service-keys create --name x', '--permission is missing.'],
  ])('`%s` asks nothing and names the flag', async (line, message) => {
    const { code, stdout, stderr } = await run(line)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`error: ${message}\nhint: `)
  })
})

describe('at a terminal', () => {
  it('asks before a key is revoked, and leaves it where the answer is no', async () => {
    const { key, credential } = await server.issue()
    const no = await keywrightAtTerminal(['keys', 'revoke', key.id], { env, input: 'n' })
    expect(no.stdout).toContain('Nothing was changed.')
    expect(await edge(credential)).toBe(404)
    const yes = await keywrightAtTerminal(['keys', 'revoke', key.id], { env, input: 'y' })
    expect(yes.stdout).toContain('is revoked')
    expect(await edge(credential)).toBe(401)
  })

  it('takes a key that is named twice for one', async () => {
    const { key } = await server.issue()
    const { stdout } = await keywrightAtTerminal(['keys', 'revoke', key.id, key.id, '--yes'], { env, input: '' })
    expect(stdout.split('is revoked')).toHaveLength(2)
  })

  it('does not ask where the command says yes', async () => {
    const { key, credential } = await server.issue()
    await keywrightAtTerminal(['keys', 'delete', key.id, '--yes'], { env, input: '' })
    expect(await edge(credential)).toBe(401)
  })
})
