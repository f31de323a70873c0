import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keywright } from '../support/command-line.ts'
import { serviceKey, startServer, type TestServer } from '../support/start-server.ts'

let server: TestServer
let env: NodeJS.ProcessEnv
beforeAll(async () => {
  server = await startServer({ contract: 'hopx' })
  env = { KEYWRIGHT_URL: server.control, KEYWRIGHT_SERVICE_KEY: serviceKey, KEYWRIGHT_CONTRACT: 'hopx' }
})
afterAll(() => server.stop())

describe('keywright doctor', () => {
  it('looks at the key, the files and the server, and finds everything in order', async () => {
    const { credential, key } = await server.issue()
    const args = ['doctor', '--data', join(server.folder, 'data')]
    const { code, stdout } = await keywright(args, { env: { ...env, HOPX_API_KEY: credential } })
    expect(code, stdout).toBe(0)
    for (const name of ['HOPX_API_KEY', 'data folder', 'KEYWRIGHT_URL', 'control side', 'database', 'clock', 'edge'])
      expect(stdout).toMatch(new RegExp(`^✓ ${name} `, 'm'))
    expect(stdout).toContain(`The server knows it as api key ${key.id}; permissions: all.`)
    expect(stdout).toContain('It has the form of a key of HopX (live, secret)')
    expect(stdout).not.toContain(credential)
  })

  it('tells a key that is revoked from one that was copied badly', async () => {
    const { credential, key } = await server.issue()
    await server.revoke(key.id)
    const revoked = await keywright(['doctor'], { env: { ...env, HOPX_API_KEY: credential } })
    expect(revoked.code).toBe(1)
    expect(revoked.stdout).toMatch(/^✓ HOPX_API_KEY /m)
    expect(revoked.stdout).toMatch(/^✗ API key +The server answers, and refuses: /m)
    const cut = await keywright(['doctor'], { env: { ...env, HOPX_API_KEY: credential.slice(0, -2) } })
    expect(cut.stdout).toMatch(/^✗ HOPX_API_KEY +A key that begins with hopx_live_ has 66 characters, this has 64\./m)
    expect(cut.stdout).not.toMatch(/API key +The server/)
  })

  it('takes a service key for chosen where the server knows it, whatever it begins with', async () => {
    const chosen = `kwo_${'chosenByAnOperator'.repeat(2)}`
    const other = await startServer({ contract: 'hopx', env: { KEYWRIGHT_SERVICE_KEY: chosen } })
    const known = { ...env, KEYWRIGHT_URL: other.control, KEYWRIGHT_SERVICE_KEY: chosen }
    const { code, stdout } = await keywright(['doctor'], { env: known })
    await other.stop()
    expect(stdout).toMatch(/^✓ service key +It is one that an operator chose\.$/m)
    expect(code).toBe(0)
    const elsewhere = await keywright(['doctor'], { env: { ...env, KEYWRIGHT_SERVICE_KEY: chosen } })
    expect(elsewhere.stdout).toMatch(/^✗ service key +A key that begins with kwo_ has 53 characters, this has 40\./m)
  })

  it('names the files that others may read, and how to put it right', async () => {
    const data = join(server.folder, 'data')
    const file = join(data, 'keywright.db')
    chmodSync(data, 0o755)
    chmodSync(file, 0o644)
    const { code, stdout } = await keywright(['doctor', '--data', join(server.folder, 'data'), '--json'], { env })
    chmodSync(file, 0o600)
    chmodSync(data, 0o700)
    const check = JSON.parse(stdout).checks.find(({ name }: { name: string }) => name === 'data folder')
    expect([code, check.ok]).toEqual([1, false])
    expect(check.message).toMatch(/^Others may read \S*keywright\.db\b.*\. Correct it: chmod -R/)
  })

  it('puts it right in a folder of any name', async () => {
    const data = join(server.folder, "Ann's data")
    mkdirSync(data, { mode: 0o755 })
    writeFileSync(join(data, 'keywright.db'), '')
    const { stdout } = await keywright(['doctor', '--data', data], { env })
    execFileSync('sh', ['-c', /chmod .*/.exec(stdout)?.[0] ?? 'false'])
    expect(statSync(data).mode & 0o777).toBe(0o700)
  })

  it('says that the folder which was named is none of an instance', async () => {
    const data = join(server.folder, 'elsewhere')
    const { code, stdout } = await keywright(['doctor', '--data', data], { env })
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/^✗ data folder +No instance keeps anything in .+--data/m),
    ])
  })

  it('looks at the files of an instance whose database is elsewhere', async () => {
    const data = join(server.folder, 'on PostgreSQL')
    mkdirSync(data, { mode: 0o755 })
    writeFileSync(join(data, 'service-key'), '', { mode: 0o644 })
    const { code, stdout } = await keywright(['doctor', '--data', data], { env })
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^✗ data folder +Others may read .*service-key/m)])
  })

  it('notices another contract, a clock that is wrong and a database that is away', async () => {
    const other = await keywright(['doctor', '--contract', 'operate'], { env })
    expect(other.stdout).toMatch(/^✗ contract +It runs hopx, and operate was looked at here/m)
    const ailing = createServer((request, response) => {
      response.setHeader('Date', new Date(Date.now() - 3_600_000).toUTCString())
      response.writeHead(request.url === '/ready' ? 503 : 404).end()
    }).listen(0, '127.0.0.1')
    await once(ailing, 'listening')
    const url = `http://127.0.0.1:${(ailing.address() as AddressInfo).port}`
    const { stdout } = await keywright(['doctor'], { env: { ...env, KEYWRIGHT_URL: url } })
    ailing.closeAllConnections()
    ailing.close()
    expect(stdout).toMatch(/^✗ database +The server cannot reach its database/m)
    expect(stdout).toMatch(/^✗ clock +The server is 3\d{3} s behind this machine\./m)
  })

  it('tells another server from a database that is away', async () => {
    const { code, stdout } = await keywright(['doctor'], { env: { ...env, KEYWRIGHT_URL: server.edge } })
    expect(code).toBe(1)
    expect(stdout).toMatch(/^✗ control side +http:\S+ answers 401; is this the control side\? Check KEYWRIGHT_URL\./m)
    expect(stdout).not.toMatch(/database/)
  })

  it('tells any server that answers 200, and goes on with the other checks', async () => {
    const other = createServer((_, response) => response.end('{"hello":"world"}')).listen(0, '127.0.0.1')
    await once(other, 'listening')
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    const { code, stdout } = await keywright(['doctor'], { env: { ...env, KEYWRIGHT_URL: url } })
    other.closeAllConnections()
    other.close()
    expect(code).toBe(1)
    expect(stdout).toMatch(/^✗ control side +http:\S+ does not answer as the control side does; check KEYWRIGHT_URL\./m)
    expect(stdout).toMatch(/^✓ Node /m)
  })

  it('says how to name another address where nothing answers', async () => {
    const gone = createServer().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const url = `http://127.0.0.1:${(gone.address() as AddressInfo).port}`
    gone.close()
    await once(gone, 'close')
    const { code, stdout } = await keywright(['doctor'], { env: { ...env, KEYWRIGHT_URL: url } })
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^✗ control side +No answer from http:\/\/127\.0\.0\.1:\d+: .+\? Start one with `keywright serve`, or set KEYWRIGHT_URL\.$/m,
    )
  })

  it('advises to start no server where one is there, and too slow', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const { code, stdout } = await keywright(['doctor'], { env: { ...env, KEYWRIGHT_URL: url } })
    silent.closeAllConnections()
    silent.close()
    expect(code).toBe(1)
    expect(stdout).toMatch(/^✗ control side +http:\S+ did not answer within 5 s\. Look at its log and/m)
    expect(stdout).not.toContain('keywright serve')
  })

  it('says how to sign in where nobody is', async () => {
    const { code, stdout } = await keywright(['doctor'], {
      env: { KEYWRIGHT_URL: server.control, HOME: server.folder },
    })
    expect(code).toBe(1)
    expect(stdout).toMatch(/^✗ credential +There is none: run `keywright login`, or set KEYWRIGHT_SERVICE_KEY\./m)
  })
})
