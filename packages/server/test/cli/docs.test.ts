import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtIn, routesOf } from '@keywright/contracts'
import { strFromU8, unzipSync } from 'fflate'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { keywright } from '../support/command-line.ts'
import { startUpstream, type Upstream } from '../support/echo-upstream.ts'
import { serviceKey, startServer, type TestServer } from '../support/start-server.ts'

let upstream: Upstream
let server: TestServer | null = null
let folder: string

beforeAll(async () => {
  upstream = await startUpstream()
  folder = mkdtempSync(join(tmpdir(), 'keywright-docs-'))
})
afterEach(async () => {
  await server?.stop()
  server = null
})
afterAll(async () => {
  await upstream.stop()
  rmSync(folder, { recursive: true })
})

async function start(contract: string) {
  server = await startServer({ contract, upstream: upstream.url })
  const env = { KEYWRIGHT_URL: server.control, KEYWRIGHT_SERVICE_KEY: serviceKey, KEYWRIGHT_CONTRACT: contract }
  return { ...server, env }
}

describe('keywright docs test', { timeout: 180_000 }, () => {
  it.each(Object.entries(builtIn))('finds that every example of %s does what is printed', async (name, contract) => {
    const { env } = await start(name)
    const { code, stdout, stderr } = await keywright(['docs', 'test', '--json'], { env })
    const { examples } = JSON.parse(stdout) as { examples: Record<'page' | 'language' | 'result', string>[] }
    expect(examples.filter(({ result }) => result === 'failed')).toEqual([])
    expect(code, stderr).toBe(0)
    expect(examples.filter(({ language, result }) => language === 'sh' && result === 'passed').length).toBeGreaterThan(
      9,
    )
    const hasOwnRoutes = routesOf(contract) !== undefined
    expect(new Set(examples.map(({ page }) => page)).size).toBe(hasOwnRoutes ? 7 : 6)
    const { stdout: keys } = await keywright(['keys', 'list', '--organization', 'docs-test', '--quiet'], { env })
    expect(keys).toBe('')
  })

  it('exits 1 and says what differs where the API does something else', async () => {
    const broken = await startUpstream((_, response) => response.writeHead(500).end('out of order'))
    server = await startServer({ contract: 'operate', upstream: broken.url })
    const env = { KEYWRIGHT_URL: server.control, KEYWRIGHT_SERVICE_KEY: serviceKey, KEYWRIGHT_CONTRACT: 'operate' }
    const { code, stdout, stderr } = await keywright(['docs', 'test'], { env })
    expect(code).toBe(1)
    expect(stdout).toMatch(/✗ index\.md {2}Your first request \(sh\)\n {2}The answer is 500: out of order/)
    expect(stdout).toMatch(/✓ refusals\.md {2}Invalid credential \(sh\)/)
    expect(stderr).toMatch(/error: \d+ of \d+ examples do not do what is printed\./)
    await broken.stop()
  })

  it('takes 404 for no answer to a key', async () => {
    const empty = await startUpstream((_, response) => response.writeHead(404).end('nothing here'))
    server = await startServer({ contract: 'operate', upstream: empty.url })
    const env = { KEYWRIGHT_URL: server.control, KEYWRIGHT_SERVICE_KEY: serviceKey, KEYWRIGHT_CONTRACT: 'operate' }
    const { code, stdout } = await keywright(['docs', 'test'], { env })
    expect([code, stdout]).toEqual([1, expect.stringContaining('The answer is 404: nothing here')])
    await empty.stop()
  })

  it('names both where the instance runs another contract', async () => {
    const { env } = await start('hopx')
    const { code, stderr } = await keywright(['docs', 'test', '--contract', 'operate'], { env })
    expect([code, stderr.includes('The instance runs the contract hopx, not operate.')]).toEqual([1, true])
  })
})

describe('keywright docs build', () => {
  it('writes what an instance serves, byte for byte', async () => {
    const { control, edge, env } = await start('handinger')
    const out = join(folder, 'built')
    const args = ['docs', 'build', '--out', out, '--public-url', edge, '--json']
    const { code, stdout } = await keywright(args, { env: { ...env, KEYWRIGHT_URL: `${control}/` } })
    expect(code).toBe(0)
    const zip = unzipSync(new Uint8Array(await (await fetch(`${control}/docs.zip`)).arrayBuffer()))
    expect(JSON.parse(stdout)).toEqual({ folder: out, files: expect.arrayContaining(Object.keys(zip)) })
    expect(Object.keys(zip)).toContain('docs/index.html')
    for (const [path, bytes] of Object.entries(zip)) {
      expect(readFileSync(join(out, path), 'utf8')).toBe(strFromU8(bytes))
      expect(await (await fetch(`${control}/${path}`)).text()).toBe(strFromU8(bytes))
    }
    expect(readdirSync(join(out, 'docs')).length).toBe(Object.keys(zip).length - 1)
  })

  it('says so where there can be no folder', async () => {
    const file = join(folder, 'a-file')
    writeFileSync(file, '')
    const impossible = [file, join(file, 'below'), ...(existsSync('/proc/self') ? ['/proc/keywright/site'] : [])]
    for (const out of impossible) {
      const { code, stderr } = await keywright(['docs', 'build', '--out', out])
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/^error: \S+ cannot be written \(E\w+\)\.\nhint: .+--out/),
      ])
      expect(stderr).toContain(out)
    }
  })

  it('names the flag that is missing, and what is no address', async () => {
    const nowhere = await keywright(['docs', 'build'])
    expect([nowhere.code, nowhere.stderr.includes('--out')]).toEqual([2, true])
    const empty = await keywright(['docs', 'build', '--out', ''], { cwd: folder })
    expect([empty.code, empty.stderr]).toEqual([2, expect.stringContaining('Name a folder.')])
    expect(existsSync(join(folder, 'llms.txt'))).toBe(false)
    const odd = await keywright(['docs', 'build', '--out', folder, '--public-url', 'example.com'])
    expect([odd.code, odd.stderr.includes('https://api.example.com')]).toEqual([2, true])
  })
})
