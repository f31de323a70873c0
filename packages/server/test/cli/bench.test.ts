import { once as listening } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keywright } from '../support/command-line.ts'
import { serviceKey, startServer, type TestServer } from '../support/start-server.ts'

let server: TestServer
let env: NodeJS.ProcessEnv
beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  env = { KEYWRIGHT_URL: server.control, KEYWRIGHT_SERVICE_KEY: serviceKey }
})
afterAll(() => server.stop())

describe('keywright bench', () => {
  it('says how many verdicts a second an instance gives, and how long one takes', async () => {
    const { credential } = await server.issue({ limits: [] })
    const args = ['bench', '--duration', '1s', '--connections', '4', '--json']
    const { code, stdout } = await keywright(args, { env: { ...env, KEYWRIGHT_API_KEY: credential } })
    const measured = JSON.parse(stdout)
    expect(code).toBe(0)
    expect(measured.allowed).toBe(measured.requests)
    expect(measured.refused).toEqual({})
    expect(measured.latency.p50).toBeLessThanOrEqual(measured.latency.p99)
    const table = await keywright(['bench', '--duration', '1s'], { env })
    expect(table.stdout).toMatch(
      /a second +\d+\nlatency +median [\d.]+ ms, .*\nallowed +0\nmalformed_credential +\d+\n$/,
    )
    const help = (await keywright(['bench', '--help'])).stdout
    expect(help).toContain('for a text that is no key')
    expect(help).toContain('is recorded as one for a caller')
  })

  it.each([
    [['bench', '--duration', '2h'], 2, 'from 1s to 1m'],
    [['bench', '--connections', '0'], 2, 'from 1 to 100'],
  ])('%j is refused', async (args, exitCode, words) => {
    const { code, stderr } = await keywright(args, { env })
    expect([code, stderr.includes(words)]).toEqual([exitCode, true])
  })

  it.each<[string, RequestListener, string]>([
    [
      'is cut off',
      (_, response) => response.writeHead(200, { 'content-length': 9 }).write('{', () => response.destroy()),
      'No answer from',
    ],
    [
      'is for another protocol',
      ({ socket }) => socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
      'No answer from',
    ],
    ['is no JSON', (_, response) => response.end('<h1>hello</h1>'), 'not as the control side does'],
    ['is no verdict', (_, response) => response.end('{"hello":"world"}'), 'not as the control side does'],
    ['is an outage', (_, response) => response.writeHead(503).end(), 'answers 503.\n'],
  ])('ends with an error where the answer %s', async (_, verdict, words) => {
    const other = createServer((request, response) => {
      if (request.url === '/below/v1/contract') response.end('{"docs":{"variable":"KEYWRIGHT_API_KEY"}}')
      else if (request.url === '/below/v1/verify') verdict(request, response)
      else response.writeHead(404).end()
    }).listen(0, '127.0.0.1')
    await listening(other, 'listening')
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}/below`
    const { code, stderr } = await keywright(['bench'], { env: { ...env, KEYWRIGHT_URL: url } })
    other.closeAllConnections()
    other.close()
    expect([code === 1 || code === 2, stderr]).toEqual([true, expect.stringMatching(/^error: /)])
    expect(stderr).toContain(words)
    expect(stderr).not.toContain('`verify`')
  })

  it('names the permission where the service key lacks it, and who is not there', async () => {
    const { stdout } = await keywright(
      ['service-keys', 'create', '--name', 'm', '--permission', 'metrics', '--quiet'],
      {
        env,
      },
    )
    const lacking = await keywright(['bench'], { env: { ...env, KEYWRIGHT_SERVICE_KEY: stdout.trim() } })
    expect([lacking.code, lacking.stderr.includes('`verify`')]).toEqual([2, true])
    const nobody = await keywright(['bench'], { env: { ...env, KEYWRIGHT_URL: 'http://127.0.0.1:9' } })
    expect(nobody.code).toBe(1)
  })
})
