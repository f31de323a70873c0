import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keywright, keywrightAtTerminal } from '../support/command-line.ts'
import { serviceKey, startServer, type TestServer } from '../support/start-server.ts'

let server: TestServer
let env: NodeJS.ProcessEnv
beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  env = { KEYWRIGHT_URL: server.control, KEYWRIGHT_SERVICE_KEY: serviceKey }
})
afterAll(() => server.stop())

const enter = '\r'
const down = '\u001b[B'

describe('keywright keys create at a terminal', () => {
  it('asks what the key is for, and takes the only organization there is', async () => {
    const { code, stdout } = await keywrightAtTerminal(['keys', 'create'], {
      env,
      input: [['What is the key for?', `nightly build${enter}`]],
    })
    expect(code).toBe(0)
    expect(stdout).toMatch(/name +nightly build\r?\n.*organization +acme/)
    expect(stdout).toMatch(/credential +kw_live_\w+/)
  })

  it('has lists to pick organization and project from', async () => {
    await keywright(['organizations', 'create', '--name', 'Umbrella', '--id', 'umbrella'], { env })
    await keywright(['projects', 'create', '--name', 'Hive', '--organization', 'umbrella'], { env })
    const { code, stdout } = await keywrightAtTerminal(['keys', 'create', '--name', 'picked'], {
      env,
      input: [
        ['Which organization?', down + enter],
        ['Which project?', down + enter],
      ],
    })
    expect(code, stdout).toBe(0)
    expect(stdout).toContain('Umbrella (umbrella)')
    expect(stdout).toContain('the whole organization')
    const keys = await keywright(['keys', 'list', '--organization', 'umbrella', '--json'], { env })
    expect(JSON.parse(keys.stdout).keys).toMatchObject([{ name: 'picked', project: expect.stringMatching(/^prj_/) }])
  })

  it.each([
    ['ctrl-c', '\u0003'],
    ['ctrl-d', '\u0004'],
  ])('makes nothing where the question is left with %s', async (_, keys) => {
    const before = (await keywright(['keys', 'list', '--quiet'], { env })).stdout
    const { code, stdout } = await keywrightAtTerminal(['keys', 'create'], {
      env,
      input: [['What is the key for?', keys]],
    })
    expect([code, stdout.includes('Nothing was changed.')]).toEqual([1, true])
    expect((await keywright(['keys', 'list', '--quiet'], { env })).stdout).toBe(before)
  })

  it('makes nothing where a list to pick from is left with ctrl-d', async () => {
    const { code, stdout } = await keywrightAtTerminal(['keys', 'create', '--name', 'x'], {
      env,
      input: [['Which organization?', '\u0004']],
    })
    expect([code, stdout.includes('Nothing was changed.')]).toEqual([1, true])
  })

  it('puts the credential alone into a variable, though it asks', async () => {
    const { stdout } = await keywrightAtTerminal(['keys', 'create', '--organization', 'acme', '--quiet'], {
      env,
      input: [['What is the key for?', `ci${enter}`]],
    })
    expect(stripVTControlCharacters(stdout).trimEnd().split('\n').at(-1)).toMatch(/^kw_live_[0-9A-Za-z]+$/)
  })
})

describe('keywright keys create where a key belongs to one project', () => {
  let bound: TestServer
  let env: NodeJS.ProcessEnv
  beforeAll(async () => {
    bound = await startServer({ contract: 'holocron' })
    env = { KEYWRIGHT_URL: bound.control, KEYWRIGHT_SERVICE_KEY: serviceKey }
  })
  afterAll(() => bound.stop())

  it('has a list to pick it from, though the organization is named', async () => {
    const args = ['keys', 'create', '--name', 'picked', '--organization', 'acme']
    const { code, stdout } = await keywrightAtTerminal(args, { env, input: [['Which project?', enter]] })
    expect(code, stdout).toBe(0)
    expect(stdout).not.toContain('the whole organization')
    expect(stdout).toMatch(/project +prj_\w+/)
  })

  it.each([[[]], [['--organization', 'acme']]])('names the flag without a terminal: %j', async (flags) => {
    const { code, stderr } = await keywright(['keys', 'create', '--name', 'x', ...flags], { env })
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: --project is missing\.\nhint: Add --project;/)])
  })
})

describe('keywright keys revoke with several keys', () => {
  it('revokes them together, and says which it did not', async () => {
    const [a, b] = [await server.issue(), await server.issue()]
    const both = await keywright(['keys', 'revoke', a.key.id, b.key.id, '--reason', 'leaked'], { env })
    expect([both.code, both.stdout.match(/is revoked, and refused on every node/g)?.length]).toEqual([0, 2])
    for (const { credential } of [a, b]) {
      const headers = { authorization: `Bearer ${credential}` }
      expect((await fetch(`${server.edge}/x`, { headers })).status).toBe(401)
    }
    const c = await server.issue()
    const some = await keywright(['keys', 'revoke', c.key.id, 'key_nothing'], { env })
    expect(some.code).toBe(1)
    expect(some.stdout).toContain(`${c.key.id} is revoked, and refused on every node.`)
    expect(some.stdout).toContain('key_nothing is not revoked: ')
    expect(some.stderr).toContain('error: 1 of 2 keys are not revoked.')
    const none = await keywright(['keys', 'revoke', 'key_nothing', 'key_nobodys'], { env })
    expect([none.code, none.stderr]).toEqual([4, expect.stringContaining('error: 2 of 2 keys are not revoked.')])
  })
})
