import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseFlags } from './flags.ts'
import { type Environment, readSettings } from './read-settings.ts'
import { SettingError } from './start-error.ts'

const secret = 'a-secret-of-forty-characters-for-the-tests'

describe('the settings', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keywright-settings-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const read = (env: Environment = {}, args: string[] = []) => readSettings({ flags: parseFlags(args), env, folder })

  async function refusal(env: Environment, args: string[] = []): Promise<SettingError> {
    const error = await Promise.resolve()
      .then(() => read(env, args))
      .catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(SettingError)
    return error as SettingError
  }

  it('have the defaults that are promised', async () => {
    expect(await read()).toEqual({
      contract: 'keywright',
      upstream: null,
      host: '127.0.0.1',
      port: 8787,
      controlHost: '127.0.0.1',
      controlPort: 8788,
      publicUrl: null,
      consoleUrl: null,
      trustedProxies: null,
      data: './.keywright',
      database: null,
      redis: null,
      redisLimits: 'exact',
      serviceKey: null,
      secret: null,
      peppers: [],
      smtpUrl: null,
      mailFrom: null,
      providers: [],
      embedOrigins: [],
      stripePaymentLinks: {},
      signUp: 'invited',
      stripeWebhookSecret: null,
      stripePrices: {},
      accessLog: false,
      maxStalenessSeconds: 10,
      whenStoreUnavailable: 'refuse',
      retention: { usageDays: 400, decisionsDays: 30, callersDays: 90, auditDays: null },
      whenLimiterUnavailable: 'localShare',
    })
  })

  it('say what a node does that cannot reach the database', async () => {
    expect(await read({ KEYWRIGHT_WHEN_STORE_UNAVAILABLE: 'keepServing(600)' })).toMatchObject({
      whenStoreUnavailable: { keepServingSeconds: 600 },
    })
    expect(await read({ KEYWRIGHT_MAX_STALENESS_SECONDS: '2' })).toMatchObject({ maxStalenessSeconds: 2 })
    const forEver = await refusal({ KEYWRIGHT_WHEN_STORE_UNAVAILABLE: 'keepServing' })
    expect(forEver.message).toContain('it has to be "refuse", or "keepServing(600)"')
    await refusal({ KEYWRIGHT_WHEN_STORE_UNAVAILABLE: 'keepServing(0)' })
    await refusal({ KEYWRIGHT_MAX_STALENESS_SECONDS: '1' })
  })

  it('say how long each kind of record is kept, the others as long as ever', async () => {
    file('keywright.config.yaml', 'retention:\n  decisionsDays: 7\n')
    const retention = { usageDays: 400, decisionsDays: 7, callersDays: 90, auditDays: null }
    expect(await read()).toMatchObject({ retention })
    const env = { KEYWRIGHT_RETENTION: 'usageDays=31,callersDays=1,auditDays=730' }
    expect(await read(env)).toMatchObject({
      retention: { usageDays: 31, decisionsDays: 30, callersDays: 1, auditDays: 730 },
    })
    file('keywright.config.yaml', 'retention:\n  auditDays: 30\n')
    expect(await read({ KEYWRIGHT_RETENTION: 'auditDays=null' })).toMatchObject({ retention: { auditDays: null } })
    const none = await refusal({ KEYWRIGHT_RETENTION: 'usageDays=0' })
    expect(none.message).toContain('usageDays: it has to be a whole number from 1 to 3660')
    for (const value of ['auditDays', 'auditDays=', 'auditDays=30=5']) await refusal({ KEYWRIGHT_RETENTION: value })
    const short = await refusal({ KEYWRIGHT_RETENTION: 'auditDays=6' })
    expect(short.message).toContain('auditDays: it has to be a whole number from 7 to 3660')
    const unknown = await refusal({ KEYWRIGHT_RETENTION: 'keysDays=30' })
    expect(unknown.message).toContain('it has to hold usageDays, decisionsDays, callersDays or auditDays')
  })

  it('of a provider are named where they are missing or wrong', async () => {
    const whole = { id: 'acme', name: 'Acme', issuer: 'https://login.example.com', clientId: 'c', clientSecret: 's' }
    for (const [member, value, problem] of [
      ['name', undefined, 'entry 2, name: it is missing'],
      ['clientSecret', '', 'entry 2, clientSecret: it is empty'],
      ['clientId', 7, 'entry 2, clientId: it has to be a text'],
      ['issuer', 'http://login.example.com', 'entry 2, issuer: it has to begin with https://'],
    ] as const) {
      const providers = [
        { ...whole, id: 'other' },
        { ...whole, [member]: value },
      ]
      expect((await refusal({ KEYWRIGHT_PROVIDERS: JSON.stringify(providers) })).message).toContain(problem)
    }
  })

  it('come from flags before variables before the file', async () => {
    file('keywright.config.yaml', 'port: 1\ncontrolPort: 2\nhost: 0.0.0.0\n')
    const env = { KEYWRIGHT_PORT: '3', KEYWRIGHT_CONTROL_PORT: '4' }
    expect(await read(env, ['--port', '5'])).toMatchObject({ port: 5, controlPort: 4, host: '0.0.0.0' })
  })

  it.each([
    ['keywright.config.ts', "const port: number = 9000\nexport default { port, contract: 'hopx' }"],
    ['keywright.config.js', "export default { port: 9000, contract: 'hopx' }"],
    ['keywright.config.yaml', 'port: 9000\ncontract: hopx\n'],
    ['keywright.config.json', '{ "port": 9000, "contract": "hopx" }'],
  ])('are found in %s', async (name, content) => {
    file(name, content)
    expect(await read()).toMatchObject({ port: 9000, contract: 'hopx' })
  })

  it('come from the file that a flag or a variable names', async () => {
    const named = file('other.json', '{ "port": 9001 }')
    expect(await read({}, ['--config', named])).toMatchObject({ port: 9001 })
    expect(await read({ KEYWRIGHT_CONFIG: named })).toMatchObject({ port: 9001 })
  })

  it('take several proxies, as flags, in one variable and as a list', async () => {
    const trustedProxies = ['10.0.0.0/8', '::1']
    expect(await read({}, ['--trusted-proxy', '10.0.0.0/8', '--trusted-proxy=::1'])).toMatchObject({ trustedProxies })
    expect(await read({ KEYWRIGHT_TRUSTED_PROXIES: '10.0.0.0/8, ::1' })).toMatchObject({ trustedProxies })
    file('keywright.config.json', JSON.stringify({ trustedProxies }))
    expect(await read()).toMatchObject({ trustedProxies })
  })

  it('take an empty variable for one that is not set', async () => {
    expect(await read({ KEYWRIGHT_PORT: '', KEYWRIGHT_UPSTREAM: '' })).toMatchObject({ port: 8787, upstream: null })
  })

  it.each(['SERVICE_KEY', 'SECRET', 'PEPPERS', 'DATABASE_URL', 'REDIS_URL'])(
    'read KEYWRIGHT_%s from a file that a variable names',
    async (name) => {
      const values: Record<string, string> = {
        PEPPERS: `new:${secret},old:${secret}`,
        DATABASE_URL: 'postgres://u:p@h/d',
        REDIS_URL: 'redis://h',
      }
      const path = file('secret', `${values[name] ?? secret}\n`)
      const fromFile = await read({ [`KEYWRIGHT_${name}_FILE`]: path })
      expect(fromFile).toEqual(await read({ [`KEYWRIGHT_${name}`]: values[name] ?? secret }))
      expect(fromFile).not.toEqual(await read())
      const both = await refusal({ [`KEYWRIGHT_${name}_FILE`]: path, [`KEYWRIGHT_${name}`]: values[name] ?? secret })
      expect(both.message).toContain(`KEYWRIGHT_${name}_FILE`)
      const missing = await refusal({ [`KEYWRIGHT_${name}_FILE`]: join(folder, 'nowhere') })
      expect(missing.message).toContain('ENOENT')
      for (const content of ['', ' \n']) {
        const unfilled = await refusal({ [`KEYWRIGHT_${name}_FILE`]: file('unfilled', content) })
        expect(unfilled.message).toMatch(new RegExp(`^KEYWRIGHT_${name}_FILE names .*, which is empty`))
      }
    },
  )

  it('take the service key of holonomix from the variable of its page', async () => {
    const env = { HX_GATE_ENGINE_SERVICE_KEY: secret, KEYWRIGHT_CONTRACT: 'holonomix' }
    expect(await read(env)).toMatchObject({ serviceKey: secret })
    expect(await read({ ...env, KEYWRIGHT_CONTRACT: 'hopx' })).toMatchObject({ serviceKey: null })
    const differing = await refusal({ ...env, KEYWRIGHT_SERVICE_KEY: `${secret}-2` })
    expect(differing.message).toContain('HX_GATE_ENGINE_SERVICE_KEY')
  })

  it.each([
    [{ KEYWRIGHT_UPSTRAEM: 'http://a' }, [], 'KEYWRIGHT_UPSTRAEM', 'KEYWRIGHT_UPSTREAM'],
    [{}, ['--upstraem', 'http://a'], '--upstraem', '--upstream'],
    [{}, ['--controlport', '1'], '--controlport', '--control-port'],
  ])('that are unknown stop the start and suggest the one that was meant: %j %j', async (env, args, named, meant) => {
    const { message, hint, exitCode } = await refusal(env, args)
    expect(message).toContain(named)
    expect(hint).toBe(`Did you mean ${meant}?`)
    expect(exitCode).toBe(2)
  })

  it('that are unknown in the file stop the start as well', async () => {
    file('keywright.config.json', '{ "prot": 1 }')
    const { message, hint } = await refusal({})
    expect(message).toContain('prot in keywright.config.json')
    expect(hint).toBe('Did you mean port?')
  })

  it('that are secret may not stand in a file that people commit', async () => {
    file('keywright.config.json', JSON.stringify({ serviceKey: secret }))
    const { message, hint } = await refusal({})
    expect(message).not.toContain(secret)
    expect(hint).toContain('KEYWRIGHT_SERVICE_KEY_FILE')
  })

  it.each([
    ['KEYWRIGHT_PORT', '65536'],
    ['KEYWRIGHT_PORT', '-1'],
    ['KEYWRIGHT_PORT', '80x'],
    ['KEYWRIGHT_PORT', '1e3'],
    ['KEYWRIGHT_PORT', ' 80'],
    ['KEYWRIGHT_HOST', 'http://a'],
    ['KEYWRIGHT_UPSTREAM', 'localhost:3000'],
    ['KEYWRIGHT_UPSTREAM', 'file:///etc/passwd'],
    ['KEYWRIGHT_UPSTREAM', 'http://a/?b=c'],
    ['KEYWRIGHT_UPSTREAM', 'http://a/%2f/'],
    ['KEYWRIGHT_PUBLIC_URL', 'https://a/path'],
    ['KEYWRIGHT_CONSOLE_URL', 'a.example'],
    ['KEYWRIGHT_TRUSTED_PROXIES', '10.0.0.1/8'],
    ['KEYWRIGHT_TRUSTED_PROXIES', 'proxy.internal'],
    ['KEYWRIGHT_SIGN_UP', 'closed'],
    ['KEYWRIGHT_STRIPE_PRICES', 'price_1:pro:x'],
    ['KEYWRIGHT_STRIPE_PRICES', 'price_1'],
    ['KEYWRIGHT_STRIPE_PRICES', 'price_1:pro,'],
  ])('%s=%s is not usable, and the error says so', async (variable, value) => {
    const { message, exitCode } = await refusal({ [variable]: value })
    expect(message).toContain(variable)
    expect(message).toContain(JSON.stringify(value))
    expect(exitCode).toBe(2)
  })

  it.each([
    ['KEYWRIGHT_SERVICE_KEY', 'too-short-a-key'],
    ['KEYWRIGHT_SERVICE_KEY', `${secret} with spaces`],
    ['KEYWRIGHT_SECRET', 'too-short-a-secret'],
    ['KEYWRIGHT_PEPPERS', 'first:too-short-a-value'],
    ['KEYWRIGHT_PEPPERS', 'a-value-without-an-id-before-it'],
    ['KEYWRIGHT_PEPPERS', 'a-value-in-the-place-of-its-id:short'],
    ['KEYWRIGHT_PEPPERS', `a-value-of-an-id:${secret},a-value-of-an-id:${secret}`],
    ['KEYWRIGHT_PEPPERS', `a:${secret},a:${secret}`],
    ['KEYWRIGHT_DATABASE_URL', 'mysql://user:hidden@host/database'],
    ['KEYWRIGHT_REDIS_URL', 'http://user:hidden@host'],
    ['KEYWRIGHT_UPSTREAM', 'http://user:hidden-password@127.0.0.1:3000'],
    ['KEYWRIGHT_EMBED_ORIGINS', 'https://a.example,https://user:hidden/pass-word@b.example'],
    ['KEYWRIGHT_DATABASE_URL', 'postgres://keywright:hidden-pa#ssword@127.0.0.1:5432/keywright'],
    ['KEYWRIGHT_DATABASE_URL', 'postgres://keywright:hidden-password%e4@/keywright?host=/run/postgresql'],
    ['KEYWRIGHT_REDIS_URL', 'redis://keywright:hidden-password%zz@127.0.0.1:1'],
    ['KEYWRIGHT_REDIS_URL', 'redis://keywright:hidden-password@[bad'],
    ['KEYWRIGHT_REDIS_URL', 'redis://keywright:hidden-password@127.0.0.1:1/keywright'],
  ])('%s is refused without being repeated', async (variable, value) => {
    const { message } = await refusal({ [variable]: value })
    expect(message).toContain(variable)
    for (const part of value.split(/[:,]/).filter((each) => each.length > 8)) expect(message).not.toContain(part)
  })

  it('of the pages that may frame the console says that they come by https', async () => {
    const { message } = await refusal({ KEYWRIGHT_EMBED_ORIGINS: 'http://app.example.com' })
    expect(message).toContain('begin with https://')
  })

  it('of a database and of Redis say how a password is written in them', async () => {
    for (const name of ['KEYWRIGHT_DATABASE_URL', 'KEYWRIGHT_REDIS_URL']) {
      const scheme = name === 'KEYWRIGHT_REDIS_URL' ? 'redis' : 'postgres'
      expect((await refusal({ [name]: `${scheme}://u:pa#ss@127.0.0.1` })).message).toContain(
        'percent-encode user and password',
      )
    }
  })

  it.each([
    ['KEYWRIGHT_DATABASE_URL', 'database', 'postgres://u:pa%23ss%25@127.0.0.1:5432/kw?sslmode=require'],
    ['KEYWRIGHT_DATABASE_URL', 'database', 'postgres://u:10%@127.0.0.1/kw'],
    ['KEYWRIGHT_DATABASE_URL', 'database', 'postgres://u@/kw?host=/run/postgresql'],
    ['KEYWRIGHT_DATABASE_URL', 'database', 'postgresql:///kw?host=/run/postgresql'],
    ['KEYWRIGHT_REDIS_URL', 'redis', 'rediss://:pa%23ss@[::1]:6379/0'],
    ['KEYWRIGHT_REDIS_URL', 'redis', 'redis://h/'],
  ])('take %s for %s: %s', async (variable, name, value) => {
    expect(await read({ [variable]: value })).toMatchObject({ [name]: value })
  })

  it.each([
    ['keywright.config.json', '{ "port": 1', 'keywright.config.json'],
    ['keywright.config.yaml', '- port\n', 'no settings'],
    ['keywright.config.ts', 'export default nothing', 'keywright.config.ts'],
  ])('in a broken %s are not read', async (name, content, part) => {
    file(name, content)
    expect((await refusal({})).message).toContain(part)
  })

  it.each([
    ['yaml', 'port: 1\ndatabase: "postgres://kw:hunter2@h/kw\nhost: a\n', 'at line 4, column 1: missing char'],
    ['yaml', 'database: postgres://kw:hunter2 @h: 1\n', 'at line 1, column 11: block as implicit key'],
    ['yaml', 'database: |hunter2\n', 'at line 1, column'],
    ['yaml', 'database: *hunter2\n', 'it is no YAML'],
    ['json', '{ "port": 1,\n  "database": "hunter2\n}', 'it is no JSON at line 2, column'],
    ['json', '{ "database": hunter2 }', 'it is no JSON'],
  ])('in a %s with a slip are not read, and not repeated: %s', async (extension, content, part) => {
    file(`keywright.config.${extension}`, content)
    const { message } = await refusal({})
    expect(message).toContain(`keywright.config.${extension} cannot be read: `)
    expect(message).toContain(part)
    expect(message).not.toContain('hunter2')
  })

  it.each(['trustedProxies: 5', 'trustedProxies: [[]]', 'embedOrigins: [5]'])(
    'in a file say what they have to be: %s',
    async (text) => {
      file('keywright.config.yaml', text)
      expect((await refusal({})).message).toMatch(/ is not usable: entry 1: it has to be a text\.$/)
    },
  )

  it('in a file that is not there are not read', async () => {
    expect((await refusal({}, ['--config', 'nowhere.yaml'])).message).toContain('nowhere.yaml')
    expect((await refusal({}, ['--config', file('settings.toml', '')])).message).toContain('settings.toml')
  })

  it.each([
    [['--port'], '--port needs a value'],
    [['--port', '1', '--port', '2'], '--port is there twice'],
    [['serve'], 'serve is no flag'],
    [['-p', '1'], '-p is no flag'],
  ])('%j is no command line', async (args, message) => {
    expect((await refusal({}, args)).message).toContain(message)
  })
})
