import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keywright } from '../support/command-line.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
let folder: string
let server: ChildProcess
let control: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keywright-serve-'))
  const args = ['--conditions=keywright-source', main, 'serve', '--port', '0', '--control-port', '0']
  server = spawn(process.execPath, args, {
    cwd: folder,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let log = ''
  for await (const chunk of server.stdout ?? []) {
    log += chunk
    if (log.includes('"ready"')) break
  }
  control = JSON.parse(log.split('\n').find((line) => line.includes('"ready"')) ?? '{}').control
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('keywright serve', () => {
  it('leaves the key it made where the client can be given it', async () => {
    const file = join(folder, '.keywright', 'service-key')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toMatch(/^kwo_[0-9A-Za-z]{49}\n$/)
    const env = { KEYWRIGHT_URL: control, KEYWRIGHT_SERVICE_KEY_FILE: file }
    const { code, stdout } = await keywright(['whoami', '--json'], { env })
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { type: 'service_key', permissions: ['*'] }])
  })

  it('ends with 0 when it is told to', async () => {
    const exit = once(server, 'exit')
    server.kill('SIGTERM')
    expect(await exit).toEqual([0, null])
  })
})
