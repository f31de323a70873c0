import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtIn, keywright as contract } from '@keywright/contracts'
import { compileFormat } from '@keywright/core'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { mintCliToken } from '../../src/access/cli-token-format.ts'
import { mintServiceKey } from '../../src/access/service-key-format.ts'
import { keywright } from '../support/command-line.ts'
import { mintedOfEachForm, ordinary, surrounded } from './surrounded.ts'

const root = mkdtempSync(join(tmpdir(), 'keywright-scan-'))
afterAll(() => rmSync(root, { recursive: true }))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(root, 'of-'))
})

const mint = () => compileFormat(contract.key).mint({ environment: 'live', kind: 'secret' }).credential
const credential = mint()

function written(name: string, content: string | Buffer): string {
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}

describe('keywright scan', () => {
  it('finds keys, tells where they are without repeating them, and exits 1', async () => {
    mkdirSync(join(folder, 'src'))
    mkdirSync(join(folder, 'node_modules'))
    written('src/app.ts', `// é\nconst key = '${credential}'\n`)
    written('.env', `KEYWRIGHT_SERVICE_KEY=${mintServiceKey().credential}\n`)
    written('node_modules/x.js', credential)
    const last = credential.endsWith('x') ? 'y' : 'x'
    written('docs.md', `kw_live_…abcd and ${credential.slice(0, -1)}${last} and kw_live_<your key>`)
    const { code, stdout, stderr } = await keywright(['scan', folder])
    expect(code).toBe(1)
    expect(stdout).toMatch(/\.env:1:23 {2}kwo_…\w{4}\n.*app\.ts:2:14 {2}kw_live_…\w{4}\n$/s)
    expect(stdout.split('\n')).toHaveLength(3)
    expect(stdout + stderr).not.toContain(credential)
    expect(stderr).toContain('2 keys were found.')
    expect(stderr).toContain('keywright keys list --organization <id> --search <as shown>')
  })

  it('tells how a service key is revoked, which no list of keys has', async () => {
    const { code, stderr } = await keywright(['scan', written('.env', mintServiceKey().credential)])
    expect([code, stderr]).toEqual([1, expect.stringContaining('`keywright service-keys list`')])
    expect(stderr).not.toContain('keywright keys list')
  })

  it('finds a login from a terminal, and tells where that ends', async () => {
    const { code, stdout, stderr } = await keywright(['scan', written('credentials.json', mintCliToken().credential)])
    expect([code, stdout]).toEqual([1, expect.stringMatching(/:1:1 {2}kwc_…\w{4}\n$/)])
    expect(stderr).toContain('in the account of the console')
    expect(stderr).not.toContain('keywright keys list')
  })

  it('passes by a publishable key, which anyone may see', async () => {
    const publishable = compileFormat(contract.key).mint({ environment: 'live', kind: 'publishable' }).credential
    const { code, stderr } = await keywright(['scan', written('page.html', publishable)])
    expect([code, stderr]).toEqual([0, 'No key was found.\n'])
  })

  it('exits 0 where there is none', async () => {
    const clean = written('clean.txt', 'nothing here\n')
    const stdout = '{"findings":[],"skipped":0,"unread":[]}\n'
    expect(await keywright(['scan', clean, '--json'])).toMatchObject({ code: 0, stdout })
  })

  it('names line and column of each of thousands of keys', async () => {
    const lines = Array.from({ length: 3_000 }, (_, at) => `${' '.repeat(at % 7)}${credential}${'\n'.repeat(at % 3)}`)
    const file = written('many.txt', lines.join('\n'))
    const { stdout } = await keywright(['scan', file, '--json'])
    const expected = lines.join('\n').split('\n')
    const { findings } = JSON.parse(stdout) as { findings: { line: number; column: number }[] }
    expect(findings).toHaveLength(lines.length)
    for (const { line, column } of findings) expect(expected[line - 1]?.slice(column - 1)).toBe(credential)
  })

  it('reads a file that is named, however large, and wherever a link leads', async () => {
    const large = written('large.log', `${'.'.repeat(11 * 1024 * 1024)}\n${credential}`)
    const link = join(folder, 'link')
    symlinkSync(large, link)
    for (const path of [large, link]) {
      const { code, stdout } = await keywright(['scan', path])
      expect([code, stdout]).toEqual([1, expect.stringContaining(`${path}:2:1 `)])
    }
  })

  it.each([
    ['little', (text: Buffer) => text],
    ['big', (text: Buffer) => text.swap16()],
  ])('reads UTF-16 of %s endian', async (_, order) => {
    const file = written('exported.reg', order(Buffer.from(`\ufeff"Key"="${credential}"\r\n`, 'utf16le')))
    expect((await keywright(['scan', file])).stdout).toContain(`${file}:1:8 `)
  })

  it('says how many paths it did not look into', async () => {
    for (const name of ['.git', 'node_modules']) {
      mkdirSync(join(folder, name))
      written(join(name, 'key'), credential)
    }
    symlinkSync(join(folder, '.git', 'key'), join(folder, 'link'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    written('picture.png', Buffer.from([0x89, 0x50, 0, 0]))
    written('large.log', '.'.repeat(11 * 1024 * 1024))
    const { code, stderr } = await keywright(['scan', folder])
    const why = 'too large, no text, a link or the like, or a folder such as node_modules.'
    expect([code, stderr]).toEqual([0, `6 paths were passed over: ${why}\nNo key was found.\n`])
    expect(JSON.parse((await keywright(['scan', folder, '--json'])).stdout).skipped).toBe(6)
  })

  it('searches a folder that it would pass over where that is named', async () => {
    mkdirSync(join(folder, 'node_modules'))
    const file = written('node_modules/x.js', credential)
    expect((await keywright(['scan', join(folder, 'node_modules')])).stdout).toContain(`${file}:1:1 `)
  })

  it('reads a pipe that is named, and no device', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const [found] = await Promise.all([keywright(['scan', pipe]), writeFile(pipe, credential)])
    expect([found.code, found.stdout]).toEqual([1, expect.stringContaining('pipe:1:1 ')])
    const { code, stderr } = await keywright(['scan', '/dev/zero'])
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('/dev/zero cannot be read: it is neither a file, a folder nor a pipe.'),
    ])
  })

  it('says what cannot be read, and exits 2', async () => {
    const { code, stderr } = await keywright(['scan', join(folder, 'not-there')])
    expect([code, stderr.includes('not-there cannot be read: ENOENT.')]).toEqual([2, true])
  })

  it('prints what it found although something cannot be read', async () => {
    written('key.txt', credential)
    // A name that is no UTF-8 cannot be asked for by the name that is listed.
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/a`), Buffer.from([0xff])]), '')
    const { code, stdout, stderr } = await keywright(['scan', folder, join(folder, 'not-there')])
    expect([code, stdout]).toEqual([1, expect.stringContaining('key.txt:1:1 ')])
    expect(stderr).toMatch(/a\ufffd cannot be read: ENOENT\.\n.*not-there cannot be read: ENOENT\./)
    const json = JSON.parse((await keywright(['scan', folder, '--json'])).stdout)
    expect(json).toMatchObject({ findings: [{ line: 1 }], unread: [join(folder, 'a\ufffd')] })
  })

  const withoutPrefix = (checksum: boolean) => ({ name: 'bare', key: { checksum, forms: [{ prefix: '' }] } })

  it('finds keys without a prefix by their checksum', async () => {
    const bare = withoutPrefix(true)
    const file = written('bare.json', JSON.stringify(bare))
    const { stdout: shown } = await keywright(['contract', 'show', file, '--json'])
    const format = compileFormat(JSON.parse(shown).key)
    const key = format.mint({ environment: 'live', kind: 'secret' }).credential
    const text = written('text.txt', `${'a'.repeat(30)}${key}\n${'b'.repeat(80)}`)
    const { code, stdout } = await keywright(['scan', text, '--contract', file])
    expect([code, stdout]).toEqual([1, `${text}:1:31  …${key.slice(-4)}\n`])
  })

  it('has room for a long text in which a key without a prefix could begin anywhere', async () => {
    const file = written('bare.json', JSON.stringify(withoutPrefix(true)))
    const text = written('long.txt', 'a'.repeat(3_000_000))
    const env = { NODE_OPTIONS: '--max-old-space-size=200' }
    const { code, stderr } = await keywright(['scan', text, '--contract', file], { env })
    expect([code, stderr]).toEqual([0, 'No key was found.\n'])
  }, 60_000)

  it('says that keys without prefix and checksum cannot be searched for', async () => {
    const file = written('bare.json', JSON.stringify(withoutPrefix(false)))
    const { code, stderr } = await keywright(['scan', folder, '--contract', file])
    expect([code, stderr]).toEqual([2, expect.stringContaining('cannot be searched for')])
  })

  it.each(Object.entries(builtIn))('finds keys of %s whatever stands beside them', async (name, { key }) => {
    const lines = mintedOfEachForm(key).flatMap(surrounded)
    const file = written('lines.txt', lines.join('\n'))
    const { stdout } = await keywright(['scan', file, '--contract', name, '--json'])
    const found = new Set(JSON.parse(stdout).findings.map(({ line }: { line: number }) => line))
    expect(lines.filter((_, at) => !found.has(at + 1))).toEqual([])
  })

  it.each(Object.entries(builtIn))('takes no other text for a key of %s', async (name, { key }) => {
    const file = written('lines.txt', mintedOfEachForm(key).flatMap(ordinary).join('\n'))
    const { findings } = JSON.parse((await keywright(['scan', file, '--contract', name, '--json'])).stdout)
    expect(findings).toEqual([])
  })
})
