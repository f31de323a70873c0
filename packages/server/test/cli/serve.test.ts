import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keywright } from '../support/command-line.ts'
import { freePort } from '../support/free-port.ts'

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

  it('opens the first commands of the documentation, on an instance that has nothing yet', async () => {
    const page = readFileSync(new URL('../../../../docs/command-line.md', import.meta.url), 'utf8')
    const [, session = ''] = /```console\n(.*?)```/s.exec(page) ?? []
    const [organization, key] = [...session.matchAll(/^\$ (.+)$/gm)].map(([, command]) => command)
    const env = {
      PATH: process.env.PATH,
      KEYWRIGHT_URL: control,
      KEYWRIGHT_SERVICE_KEY_FILE: join(folder, '.keywright', 'service-key'),
    }
    const script = `set -e
      keywright() { '${process.execPath}' --conditions=keywright-source '${main}' "$@"; }
      ${organization}
      ${key}
      printf '%s' "$KEY"`
    const { stdout } = await promisify(execFile)('sh', ['-c', script], { env })
    expect(stdout).toMatch(/^acme .+\nkw_live_[0-9A-Za-z]+$/m)
  })

  it.runIf(existsSync('/proc/self'))('does not start where the system makes no folders', async () => {
    const { code, stderr } = await keywright(['serve', '--data', '/proc/keywright/data'])
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^error: \S+ cannot be made \(ENOENT\)\.\nhint: .+--data/m),
    ])
  })

  it('sends nobody to stop a program where the user may not open the port', async () => {
    const refuse = `import net from 'node:net'; net.Server.prototype.listen = function () {
      setImmediate(() => this.emit('error', Object.assign(new Error('no'), { code: 'EACCES' })))
    }`
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(refuse)}` }
    const args = ['serve', '--data', join(folder, 'refused'), '--control-port', '80']
    const { code, stderr } = await keywright(args, { env })
    const words = 'error: Port 80 on 127.0.0.1 cannot be opened: this user may not open it.'
    expect([code, stderr]).toEqual([1, `${words}\nhint: Choose another port with --control-port.\n`])
  })

  it('ends with 0 when it is told to', async () => {
    const exit = once(server, 'exit')
    server.kill('SIGTERM')
    expect(await exit).toEqual([0, null])
  })

  const sinks: [what: string, open: () => 'pipe' | number][] = [['somebody who reads no more', () => 'pipe']]
  if (existsSync('/dev/full')) sinks.push(['a disk that is full', () => openSync('/dev/full', 'w')])
  it.each(sinks)('goes on where its log goes to %s', async (_, open) => {
    const [port, controlPort] = [await freePort(), await freePort()]
    const flags = ['--port', String(port), '--control-port', String(controlPort), '--data', 'unlogged']
    const child = spawn(process.execPath, ['--conditions=keywright-source', main, 'serve', ...flags], {
      cwd: folder,
      env: { PATH: process.env.PATH, KEYWRIGHT_ACCESS_LOG: 'true' },
      stdio: ['ignore', open(), 'pipe'],
    })
    child.stdout?.destroy()
    let said = ''
    child.stderr?.on('data', (chunk) => (said += chunk))
    const exit = once(child, 'exit')
    const answers: number[] = []
    while (answers.length < 5 && child.exitCode === null) {
      const answer = await fetch(`http://127.0.0.1:${port}/v1/things`).catch(() => null)
      if (answer) answers.push(answer.status)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    child.kill('SIGTERM')
    expect([answers, await exit]).toEqual([Array(5).fill(401), [0, null]])
    expect(said.match(/The log cannot be written: /g)).toHaveLength(1)
  })
})
