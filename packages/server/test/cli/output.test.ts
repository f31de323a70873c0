import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keywright as contract } from '@keywright/contracts'
import { compileFormat } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keywright as run } from '../support/command-line.ts'
import { serviceKey, startServer, type TestServer } from '../support/start-server.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
let server: TestServer
let folder: string
beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  folder = mkdtempSync(join(tmpdir(), 'keywright-output-'))
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

/** With results that go to `stdout`: a file descriptor, or a pipe that nobody reads any more. */
async function keywright(args: readonly string[], stdout: number | 'closed', stderr: number | 'pipe' = 'pipe') {
  const child = spawn(process.execPath, ['--conditions=keywright-source', main, ...args], {
    env: { PATH: process.env.PATH, KEYWRIGHT_URL: server.control, KEYWRIGHT_SERVICE_KEY: serviceKey },
    stdio: ['ignore', stdout === 'closed' ? 'pipe' : stdout, stderr],
  })
  child.stdout?.destroy()
  let said = ''
  child.stderr?.on('data', (chunk) => {
    said += chunk
  })
  const [code] = await once(child, 'close')
  return { code, said }
}

const create = (name: string) => ['keys', 'create', '--organization', 'acme', '--name', name]
const organization = ['organizations', 'create', '--id', 'acme', '--name', 'Acme', '--quiet']

describe('a command whose results nobody reads any more', () => {
  it('is carried out to its end', async () => {
    const lines = Array.from({ length: 1_200 }, (_, at) => {
      const digest = createHash('sha256').update(`moved ${at}`).digest('hex')
      return JSON.stringify({ organization: 'acme', name: 'moved', digest, hint: 'kw_live_…' })
    })
    const file = join(folder, 'many.jsonl')
    writeFileSync(file, lines.join('\n'))
    const { code, said } = await keywright(['import', file, '--json'], 'closed')
    expect(code, said).toBe(0)
    const env = { KEYWRIGHT_URL: server.control, KEYWRIGHT_SERVICE_KEY: serviceKey }
    expect((await run(['import', file, '--dry-run'], { env })).stdout).toContain('1200 of them are here already.')
  })

  it('fails as it would have', async () => {
    const { credential } = compileFormat(contract.key).mint({ environment: 'live', kind: 'secret' })
    writeFileSync(join(folder, 'leaked.txt'), credential)
    const { code, said } = await keywright(['scan', folder], 'closed')
    expect([code, said]).toEqual([1, expect.stringContaining('One key was found.')])
  })

  it('is no failure where something is read', async () => {
    expect(await keywright(['keys', 'list', '--quiet'], 'closed')).toEqual({ code: 0, said: '' })
    expect((await keywright(['audit', 'export'], 'closed')).code).toBe(0)
  })

  it('says that a credential is lost, with the key that it is of', async () => {
    await keywright(organization, 'closed')
    for (const flags of [['--quiet'], ['--json'], []]) {
      const { code, said } = await keywright([...create('unread'), ...flags], 'closed')
      expect(code).toBe(1)
      expect(said).toMatch(/^error: The result cannot be written \(EPIPE\), but it was carried out: key_\w+\.$/m)
      expect(said).toMatch(/^hint: .+ keywright keys rotate key_\w+$/m)
    }
  })
})

describe.runIf(existsSync('/dev/full'))('a command whose results cannot be written', () => {
  let full: number
  beforeAll(() => {
    full = openSync('/dev/full', 'w')
  })
  afterAll(() => closeSync(full))

  it('says so, and what was done all the same', async () => {
    expect(await keywright(['whoami'], full)).toEqual({
      code: 1,
      said: 'error: The result cannot be written (ENOSPC).\n',
    })
    const made = await keywright([...create('unwritten'), '--json'], full)
    expect(made).toEqual({ code: 1, said: expect.stringMatching(/carried out: key_\w+\.\nhint: /) })
    const id = /key_\w+/.exec(made.said)?.[0] ?? ''
    const deleted = await keywright(['keys', 'delete', id, '--yes'], full)
    expect(deleted).toEqual({
      code: 1,
      said: `error: The result cannot be written (ENOSPC), but it was carried out: ${id}.\n`,
    })
  })

  it('has the same exit code where what is said cannot be written either', async () => {
    expect((await keywright(['keys', 'inspect', 'key_nothing'], 'closed', full)).code).toBe(4)
    expect((await keywright(['keys', 'list', '--quiet'], 'closed', full)).code).toBe(0)
    expect((await keywright(['whoami'], full, full)).code).toBe(1)
  })
})
