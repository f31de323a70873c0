import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtIn } from '@keywright/contracts'
import {
  type Actor,
  createOrganization,
  createProject,
  deleteOrganization,
  issue,
  suspend,
  updateOrganization,
} from '@keywright/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseFlags } from '../src/config/flags.ts'
import { readSettings } from '../src/config/read-settings.ts'
import { StartError } from '../src/config/start-error.ts'
import { prepareDemoKey } from '../src/demo/demo-key.ts'
import { startEcho } from '../src/demo/echo.ts'
import { welcome } from '../src/demo/welcome.ts'
import { type Instance, startInstance } from '../src/main.ts'
import { pasted } from './support/pasted.ts'

const operator: Actor = { type: 'system', id: 'test', triggeredBy: 'api', address: null, requestId: null }

describe('an instance', () => {
  let folder: string
  let log: string
  const instances: Instance[] = []

  beforeEach(() => {
    log = ''
    folder = mkdtempSync(join(tmpdir(), 'keywright-starting-'))
  })
  afterEach(async () => {
    for (const instance of instances.splice(0)) await instance.stop()
    rmSync(folder, { recursive: true })
  })

  async function start(...args: string[]): Promise<Instance> {
    const flags = parseFlags(['--port', '0', '--control-port', '0', '--data', 'data', ...args])
    const settings = await readSettings({ flags, env: {}, folder })
    const write = (line: string) => {
      log += line
    }
    const instance = await startInstance(settings, { folder, logTo: { write } })
    instances.push(instance)
    return instance
  }

  it('says that keys of its data folder are of another contract, and only then', async () => {
    const { lifecycle } = await start('--contract', 'holocron')
    await createOrganization(lifecycle, operator, { id: 'acme', name: 'Acme' })
    const { project } = await createProject(lifecycle, operator, { organization: 'acme', name: 'Web' })
    await issue(lifecycle, operator, { organization: 'acme', project: project.id, name: 'Production' })
    await instances.pop()?.stop()
    await start('--contract', 'holocron')
    await instances.pop()?.stop()
    expect(log).not.toContain('in no form of the contract')
    await start('--contract', 'hopx')
    expect(log).toMatch(/"level":"warn".*the newest keys here, such as holo_.+, are in no form of the contract hopx/)
  })

  async function refusal(...args: string[]): Promise<StartError> {
    const error = await start(...args).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(Error)
    return error as StartError
  }

  it.each(Object.keys(builtIn))('with the contract %s shows lines that do what they say', linesDoWhatTheySay)

  it.each([
    [
      'a key that is sent in two headers',
      { sources: [{ idHeader: 'X-Id', secretHeader: 'X-Secret' }] },
      { publicId: { length: 8 } },
      {},
    ],
    ['a key that is sent by Basic', { sources: [{ basic: 'password' }] }, {}, {}],
    ['a key that is sent in the address', { sources: [{ query: 'key', keysEndUpInLogs: true }] }, {}, {}],
    [
      'an address that a shell would take apart',
      {},
      {},
      { docs: { example: { method: 'GET', path: "/v1!x?a[0]=1&b=it's$HOME`id`" } } },
    ],
    [
      'a request with a body',
      {},
      {},
      {
        namespaces: { body: { under: '/v1' } },
        otherRoutes: 'not_found',
        routes: [{ path: '/v1/**' }],
        docs: { example: { method: 'POST', path: '/v1/x' } },
      },
    ],
    [
      'a key of the kind that is taken',
      {},
      {
        forms: [
          { prefix: 'odd_pk_', kind: 'publishable' },
          { prefix: 'odd_', environment: 'test' },
        ],
      },
      {},
    ],
  ])('shows lines that do what they say of %s', async (_, credential, key, rest) => {
    const contract = { name: 'odd', credential, key: { forms: [{ prefix: 'odd_' }], ...key }, ...rest }
    writeFileSync(join(folder, 'odd.json'), JSON.stringify(contract))
    await linesDoWhatTheySay('odd.json')
  })

  async function linesDoWhatTheySay(contract: string) {
    const echo = await startEcho()
    const { edge, control, lifecycle, serviceKeyFile } = await start(
      '--contract',
      contract,
      '--upstream',
      echo.url.href,
    )
    let shown = ''
    for (let time = 0; time < 2; time++) {
      const issued = await prepareDemoKey(lifecycle)
      const links = { operatorLink: null, upstream: null }
      const text = welcome({ edge, control, contract: lifecycle.contract, issued, serviceKeyFile, ...links })
      const [allowed, refused] = text.match(/curl .*/g)?.map((line) => pasted(line)) ?? []
      expect((await allowed?.())?.status).toBe(200)
      expect((await refused?.())?.status).toBe(401)
      expect(text).not.toContain(shown || 'nothing yet')
      shown = issued.credential
    }
    echo.close()
  }

  it.each([
    [
      'keywright',
      'whose organization was deleted',
      ({ lifecycle }: Instance) => deleteOrganization(lifecycle, operator, 'demo'),
    ],
    [
      'keywright',
      'whose organization was suspended',
      ({ lifecycle }: Instance) => updateOrganization(lifecycle, operator, 'demo', { state: 'suspended' }),
    ],
    [
      'holonomix',
      'that was suspended, and is the only one its organization may have',
      ({ lifecycle }: Instance, key: string) => suspend(lifecycle, operator, key),
    ],
  ])('with the contract %s leaves a key alone %s, and shows another that works', async (contract, _, end) => {
    const echo = await startEcho()
    const instance = await start('--contract', contract, '--upstream', echo.url.href)
    const { edge, control, lifecycle, serviceKeyFile } = instance
    await end(instance, (await prepareDemoKey(lifecycle)).key.id)
    for (let time = 0; time < 2; time++) {
      const issued = await prepareDemoKey(lifecycle)
      expect(issued.key.organization).toBe('demo-2')
      const links = { operatorLink: null, upstream: null }
      const text = welcome({ edge, control, contract: lifecycle.contract, issued, serviceKeyFile, ...links })
      const [allowed] = text.match(/curl .*/g)?.map((line) => pasted(line)) ?? []
      expect((await allowed?.())?.status).toBe(200)
    }
    echo.close()
  })

  it('keeps what only its user may read', async () => {
    const { serviceKeyFile } = await start()
    for (const file of ['data/keywright.db', 'data/service-key']) {
      expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600)
    }
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700)
    expect(serviceKeyFile).toBe(join(folder, 'data/service-key'))
  })

  it('takes a contract from a file', async () => {
    const file = join(folder, 'contract.yaml')
    writeFileSync(file, 'name: mine\nkey:\n  forms: [{ prefix: mine_ }]\n')
    const { lifecycle } = await start('--contract', 'contract.yaml')
    expect(lifecycle.contract.name).toBe('mine')
  })

  it('does not start in a data folder that is a file', async () => {
    writeFileSync(join(folder, 'data'), '')
    expect((await refusal()).message).toMatch(/data cannot be made \(EEXIST\)/)
  })

  it('does not start on a database that is none, and leaves it as it is', async () => {
    mkdirSync(join(folder, 'data'))
    writeFileSync(join(folder, 'data/keywright.db'), 'no database'.repeat(1000))
    expect((await refusal()).message).toContain('damaged, or no SQLite database')
    expect(statSync(join(folder, 'data/keywright.db')).size).toBe(11_000)
  })

  it('does not start on a data folder that another one uses', async () => {
    await start()
    expect((await refusal()).message).toContain('is open in another Keywright')
  })

  it('does not start with one port for both sides', async () => {
    const settings = await readSettings({ flags: { port: '9', controlPort: '9', data: 'data' }, env: {}, folder })
    const refused = startInstance(settings, { folder, logTo: { write() {} } })
    await expect(refused).rejects.toMatchObject({
      message: 'Port 9 is named for both sides.',
      hint: expect.stringContaining('--control-port'),
      exitCode: 2,
    })
  })

  it('says at once that Redis cannot be reached, where, and why', async () => {
    await start('--redis', 'redis://:hidden@127.0.0.1:9')
    expect(log).toContain('limits cannot be counted together')
    expect(log).toContain('Redis at 127.0.0.1:9 cannot be reached.')
    expect(log).toContain('ECONNREFUSED')
    expect(log).not.toContain('hidden')
  })

  it.each([
    ['stripePrices', { price_1: 'pro', price_2: 'gold' }, 'KEYWRIGHT_STRIPE_PRICES'],
    ['stripePaymentLinks', { gold: 'https://buy.stripe.example/gold' }, 'KEYWRIGHT_STRIPE_PAYMENT_LINKS'],
  ])('does not start where %s sells a plan that the contract does not have', async (name, value, variable) => {
    writeFileSync(join(folder, 'keywright.config.json'), JSON.stringify({ [name]: value }))
    const { message, hint, exitCode } = await refusal('--contract', 'holonomix')
    expect(message).toBe(`${name} (${variable}) names the plan "gold", which HolonomiX does not have.`)
    expect(hint).toBe('The plans are starter, builder, pro, enterprise.')
    expect(exitCode).toBe(2)
    expect((await refusal('--contract', 'hopx')).hint).toContain(`leave ${name} out`)
  })

  it('does not start with a service-key file that holds none', async () => {
    mkdirSync(join(folder, 'data'))
    writeFileSync(join(folder, 'data/service-key'), 'short\n')
    expect((await refusal()).message).toContain('service-key holds no service key')
  })

  it.each([
    [['--contract', 'hpox'], 'no built-in contract and no file hpox', 'Did you mean hopx?'],
    [['--contract', 'nameless.json'], 'nameless.json is no contract that can be run:\n  name: ', 'Correct'],
    [['--contract', 'broken.yaml'], 'broken.yaml cannot be read', 'Correct'],
    [['--contract', 'contract.toml'], 'contract.toml cannot be read', 'Correct'],
    [['--host', '192.0.2.1'], 'this machine has no such address', '--host'],
  ])('started with %j says what is wrong and what to do', async (args, message, hint) => {
    writeFileSync(join(folder, 'nameless.json'), '{ "title": "Nameless" }')
    writeFileSync(join(folder, 'broken.yaml'), 'a: [')
    writeFileSync(join(folder, 'contract.toml'), '')
    const error = await refusal(...args)
    expect(error).toBeInstanceOf(StartError)
    expect(error.message).toContain(message)
    expect(error.hint).toContain(hint)
  })
})
