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
    expect((await keywright(['bench', '--help'])).stdout).toContain('for a text that is no key')
  })

  it.each([
    [['bench', '--duration', '2h'], 2, 'from 1s to 1m'],
    [['bench', '--connections', '0'], 2, 'from 1 to 100'],
  ])('%j is refused', async (args, exitCode, words) => {
    const { code, stderr } = await keywright(args, { env })
    expect([code, stderr.includes(words)]).toEqual([exitCode, true])
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
