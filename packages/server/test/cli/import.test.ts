import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keywright, keywrightAtTerminal } from '../support/command-line.ts'
import { controlApi } from '../support/control-api.ts'
import { startUpstream } from '../support/echo-upstream.ts'
import { serviceKey, startServer, type TestServer } from '../support/start-server.ts'

const contract = {
  name: 'moved',
  key: { checksum: false, forms: [{ prefix: 'mv_' }, { prefix: 'old_', environment: 'legacy', retired: true }] },
}

let server: TestServer
let folder: string
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keywright-import-'))
  writeFileSync(join(folder, 'contract.json'), JSON.stringify(contract))
  server = await startServer({ contract: join(folder, 'contract.json') })
  env = { KEYWRIGHT_URL: server.control, KEYWRIGHT_SERVICE_KEY: serviceKey }
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

let made = 0
/** What a customer holds, made elsewhere. */
const credentialOf = (prefix: string) => `${prefix}${String(made++).padStart(43, 'x')}`
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function fileOf(...rows: unknown[]): string {
  const file = join(folder, `${made++}.jsonl`)
  writeFileSync(file, rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'))
  return file
}

const ask = async (credential: string) =>
  (await fetch(`${server.edge}/x`, { headers: { authorization: `Bearer ${credential}` } })).status
const count = async () => (await server.lifecycle.store.keys({ limit: 200 })).items.length

describe('keywright import', { timeout: 30_000 }, () => {
  it('takes over keys by their credentials and by their digests, and their holders notice nothing', async () => {
    const [old, hashed] = [credentialOf('old_'), credentialOf('mv_')]
    expect([await ask(old), await ask(hashed)]).toEqual([401, 401])
    const file = fileOf({ name: 'From before', credential: old, expiresAt: '2099-01-01T00:00:00Z' }, '', {
      name: 'Only its digest',
      digest: sha256(hashed),
      hint: 'mv_…',
      metadata: { from: 'elsewhere' },
    })
    const run = ['import', file, '--organization', 'acme']
    const dry = await keywright([...run, '--dry-run'], { env })
    expect([dry.code, dry.stdout]).toEqual([0, '2 keys can be taken over; 0 of them are here already.\n'])
    expect(await ask(old)).toBe(401)
    const { code, stdout, stderr } = await keywright(run, { env })
    expect([code, stdout, stderr]).toEqual([0, '2 keys are taken over; 0 were here already.\n', ''])
    expect([await ask(old), await ask(hashed)]).toEqual([404, 404])
    const again = await keywright(run, { env })
    expect(again.stdout).toBe('0 keys are taken over; 2 were here already.\n')
    const { stdout: audit } = await keywright(['audit', 'list', '--action', 'key.imported', '--json'], { env })
    expect(JSON.parse(audit).events).toHaveLength(2)
    expect(audit).not.toContain(old)
  })

  it('says of one key that it is one', async () => {
    const run = ['import', fileOf({ name: 'Alone', credential: credentialOf('mv_') }), '--organization', 'acme']
    const dry = async () => (await keywright([...run, '--dry-run'], { env })).stdout
    expect(await dry()).toBe('1 key can be taken over; 0 are here already.\n')
    expect((await keywright(run, { env })).stdout).toBe('1 key is taken over; 0 were here already.\n')
    expect(await dry()).toBe('1 key can be taken over; 1 is here already.\n')
  })

  it('takes over nothing where a line is wrong, names the line, and repeats none of it', async () => {
    const [good, twice, weak] = [credentialOf('mv_'), credentialOf('mv_'), 'sk_live_canary']
    const before = await count()
    const file = fileOf(
      { organization: 'acme', name: 'Good', credential: good },
      { organization: 'acme', name: 'Once', credential: twice },
      { organization: 'acme', name: 'Twice', credential: twice },
      { organization: 'acme', name: 'Foreign', credential: weak },
      { organization: 'acme', name: 'md5', digest: 'canary' },
      { organization: 'nobody', name: 'x', credential: credentialOf('mv_') },
      { organization: 'acme', name: 'Neither' },
      { organization: 'acme', name: 'Both', credential: credentialOf('mv_'), digest: sha256('x') },
    )
    const { code, stdout, stderr } = await keywright(['import', file, '--yes'], { env })
    expect([code, stdout]).toEqual([1, ''])
    for (const line of [3, 4, 5, 6, 7, 8]) expect(stderr).toMatch(new RegExp(`^line ${line}: .`, 'm'))
    expect(stderr).toContain('6 lines are refused; nothing was taken over.')
    expect(stderr).not.toContain('canary')
    expect(await count()).toBe(before)
    expect(await ask(good)).toBe(401)
  })

  it('prints each answer as JSON, with every line that is refused', async () => {
    const rows = Array.from({ length: 530 }, (_, at) => ({
      organization: 'acme',
      name: `key ${at}`,
      credential: at < 30 ? 'sk_live_canary' : credentialOf('mv_'),
    }))
    for (const flag of ['--dry-run', '--yes']) {
      const { code, stdout } = await keywright(['import', fileOf(...rows), flag, '--json'], { env })
      const answers = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect([code, answers.map(({ refused }) => refused)]).toEqual([1, [30, 0]])
      expect(answers[0].results.slice(0, 30).map(({ status }: { status: string }) => status)).not.toContain('imported')
    }
  })

  it('prints the answer of what is taken over although the next call fails', async () => {
    const rows = Array.from({ length: 501 }, (_, at) => ({ name: `key ${at}`, credential: credentialOf('mv_') }))
    let calls = 0
    const failing = await startUpstream((incoming, response) => {
      // Both halves are checked, and one is taken over.
      if (++calls > 3) {
        response.writeHead(500).end()
        return
      }
      const { method, headers, url } = incoming
      const outgoing = request(server.control + url, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers)
        answer.pipe(response)
      })
      incoming.pipe(outgoing)
    })
    const args = ['import', fileOf(...rows), '--organization', 'acme', '--json']
    const { code, stdout } = await keywright(args, { env: { ...env, KEYWRIGHT_URL: failing.url } })
    await failing.stop()
    expect([code, calls]).toEqual([1, 4])
    expect(JSON.parse(stdout)).toMatchObject({ dryRun: false, imported: 500, receipt: expect.any(String) })
  })

  it('reads thousands of lines from a pipe, and goes on where it was broken off', async () => {
    const rows = Array.from({ length: 1_201 }, (_, at) => ({ name: `key ${at}`, credential: credentialOf('mv_') }))
    const first = rows.slice(0, 700).map((row) => JSON.stringify(row))
    const all = rows.map((row) => JSON.stringify(row)).join('\n')
    const args = ['import', '-', '--organization', 'acme']
    expect((await keywright(['import', fileOf(...first), '--organization', 'acme'], { env })).code).toBe(0)
    const piped = await keywright(args, { env, pipe: all })
    expect(piped.stdout).toBe('501 keys are taken over; 700 were here already.\n')
    expect(await ask(rows[1_200]?.credential ?? '')).toBe(404)
  })

  it('waits for what comes through a pipe more slowly than it reads', async () => {
    const row = JSON.stringify({ name: 'slow', credential: credentialOf('mv_') })
    // Far more than a pipe holds at once.
    const pipe = `${' '.repeat(10_000_000)}\n${row}`
    const { code, stdout, stderr } = await keywright(['import', '-', '--organization', 'acme'], { env, pipe })
    expect([code, stdout, stderr]).toEqual([0, '1 key is taken over; 0 were here already.\n', ''])
  })

  it('asks at a terminal, and shows there how far it is', async () => {
    const credential = credentialOf('mv_')
    const file = fileOf({ organization: 'acme', name: 'x', credential })
    const no = await keywrightAtTerminal(['import', file], { env, input: 'n' })
    expect(no.stdout).toMatch(/░+ checked 0 of 1/)
    expect(no.stdout).toContain('Nothing was changed.')
    expect(await ask(credential)).toBe(401)
  })

  it('asks for --yes before it reads from a terminal, where nobody could answer behind the last line', async () => {
    const { code, stdout } = await keywrightAtTerminal(['import', '-'], { env, input: 'y' })
    expect([code, stdout]).toEqual([2, expect.stringContaining('Add --yes')])
  })

  it.each([
    ['{"name":', 'Line 1 is no JSON object.'],
    ['["canary"]', 'Line 1 is no JSON object.'],
  ])('says which line is not JSON: %s', async (line, message) => {
    const { code, stderr } = await keywright(['import', fileOf(line)], { env })
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
    expect(stderr).not.toContain('canary')
  })
})

describe('POST /v1/keys/import', () => {
  it('answers the same again where it is repeated with its Idempotency-Key', async () => {
    const api = controlApi(server.control)
    const body = { keys: [{ organization: 'acme', name: 'Once', credential: credentialOf('mv_') }] }
    const headers = { 'idempotency-key': 'import-once' }
    const first = await api('POST', '/v1/keys/import', { body, headers })
    const second = await api('POST', '/v1/keys/import', { body, headers })
    expect(first.json).toMatchObject({ imported: 1, known: 0, refused: 0 })
    expect(second.json.results).toEqual(first.json.results)
    expect((await api('POST', '/v1/keys/import', { body })).json).toMatchObject({ imported: 0, known: 1 })
  })

  it('is for operators alone: whoever imports a key decides whose it is', async () => {
    const api = controlApi(server.control)
    const scoped = { name: 'bound', permissions: ['manage'], organization: 'acme' }
    const { json } = await api('POST', '/v1/service-keys', { body: scoped })
    const body = { keys: [{ organization: 'acme', name: 'x', credential: credentialOf('mv_') }] }
    expect((await api('POST', '/v1/keys/import', { body, credential: json.credential })).status).toBe(403)
  })

  it('refuses a row that shows its own digest, and no other', async () => {
    const api = controlApi(server.control)
    const row = (change: object) => ({
      organization: 'acme',
      name: 'x',
      digest: sha256(credentialOf('mv_')),
      ...change,
    })
    const digest = sha256(credentialOf('mv_'))
    const keys = [row({}), row({ digest, name: digest }), row({ digest, metadata: { sha256: digest } })]
    const { json } = await api('POST', '/v1/keys/import', { body: { keys } })
    expect(json).toMatchObject({ imported: 1, refused: 2 })
    const statuses = json.results.map(({ status }: { status: string }) => status)
    expect(statuses).toEqual(['imported', 'refused', 'refused'])
  })

  it('does not take a key that is revoked, or that another organization has', async () => {
    const api = controlApi(server.control)
    const { key, credential } = await server.issue()
    const elsewhere = await server.issueElsewhere()
    await server.revoke(key.id)
    const row = (secret: string) => ({ organization: 'acme', name: 'x', credential: secret })
    const { json } = await api('POST', '/v1/keys/import', {
      body: { keys: [row(credential), row(elsewhere.credential)] },
    })
    expect(json.results.map(({ status }: { status: string }) => status)).toEqual(['refused', 'refused'])
    expect(await ask(credential)).toBe(401)
  })
})
