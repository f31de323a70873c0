import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from './support/free-port.ts'
import { serviceKey, startServer, type TestServer } from './support/start-server.ts'

const folder = fileURLToPath(new URL('../../../examples/library', import.meta.url))

describe.each(['node', 'express', 'fastify', 'hono'])('the example for %s', (name) => {
  let server: TestServer
  let child: ChildProcess
  let url: string

  beforeAll(async () => {
    server = await startServer({ contract: 'keywright' })
    const port = await freePort()
    url = `http://127.0.0.1:${port}/v1/hello`
    child = spawn(process.execPath, ['--conditions=keywright-source', `${folder}/${name}.ts`], {
      env: { ...process.env, PORT: String(port), KEYWRIGHT_URL: server.control, KEYWRIGHT_SERVICE_KEY: serviceKey },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout as NonNullable<typeof child.stdout>, 'data')
  })
  afterAll(async () => {
    child.kill()
    await server.stop()
  })

  it('greets whoever has a key, and nobody else', async () => {
    const { credential } = await server.issue()
    const allowed = await fetch(url, { headers: { authorization: `Bearer ${credential}` } })
    expect([allowed.status, await allowed.text()]).toEqual([200, 'hello, acme'])
    expect((await fetch(url)).status).toBe(401)
  })
})

it('the keys of the page about the library live and end as it says', () => {
  const page = readFileSync(new URL('../../../docs/library.md', import.meta.url), 'utf8')
  const code = page.match(/```ts\n[^`]+```/g)?.find((block) => block.includes('sqlite(')) ?? ''
  const said = [...code.matchAll(/^console\.log.* \/\/ (.*)$/gm)].map(([, text]) => text)
  const data = mkdtempSync(join(tmpdir(), 'keywright-library-'))
  const input = code.replace(/^```.*$/gm, '').replace("'keys.db'", JSON.stringify(join(data, 'keys.db')))
  const flags = ['--conditions=keywright-source', '--input-type=module-typescript', '-']
  const options = { cwd: folder, input, encoding: 'utf8', timeout: 20_000 } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, flags, options)
  rmSync(data, { recursive: true })
  expect([status, ...stdout.trim().split('\n')], stderr).toEqual([0, ...said])
  expect(said).toEqual(['true true', 'false false'])
})

it("the program of core's README lets a key through, and nobody else", async () => {
  const server = await startServer({ contract: 'keywright' })
  const readme = readFileSync(new URL('../../core/README.md', import.meta.url), 'utf8')
  const [, code = ''] = readme.match(/```ts\n([^`]+)```/) ?? []
  const given = `const { url, serviceKey } = ${JSON.stringify({ url: server.control, serviceKey })}`
  const listens = `const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const flags = ['--conditions=keywright-source', '--input-type=module-typescript', '-']
  const child = spawn(process.execPath, flags, { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end([given, code, listens].join('\n'))
  try {
    const [port] = await once(child.stdout, 'data')
    const ask = (headers = {}) => fetch(`http://127.0.0.1:${Number(port)}/v1/things`, { headers })
    expect((await ask()).status).toBe(401)
    const { credential } = await server.issue()
    // Past the guard, where the program has nothing.
    expect((await ask({ authorization: `Bearer ${credential}` })).status).toBe(404)
  } finally {
    child.kill()
    await server.stop()
  }
})

it.each([undefined, ''])('the examples do not start with %j for a service key, and say what to set', (key) => {
  const { status, stderr } = spawnSync(process.execPath, ['--conditions=keywright-source', `${folder}/node.ts`], {
    env: { ...process.env, PORT: '0', KEYWRIGHT_SERVICE_KEY: key },
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect(status).toBe(1)
  expect(stderr).toContain('Set KEYWRIGHT_SERVICE_KEY')
})
