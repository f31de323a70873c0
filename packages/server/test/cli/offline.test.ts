import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtIn } from '@keywright/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintServiceKey } from '../../src/access/service-key-format.ts'
import { keywright } from '../support/command-line.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keywright-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('keywright contract', () => {
  it.each(Object.keys(builtIn))('shows %s', async (name) => {
    const { code, stdout } = await keywright(['contract', 'show', name])
    expect(code).toBe(0)
    expect(stdout).toContain(`(${name})`)
    expect(stdout).toMatch(/unknown_key +invalid_credential +401/)
  })

  it('says in days how long a grace may be', async () => {
    expect((await keywright(['contract', 'show', 'keywright'])).stdout).toMatch(/^rotation +grace of at most 30 days$/m)
  })

  it('shows what each plan allows, or what all keys are limited to', async () => {
    const { stdout } = await keywright(['contract', 'show', 'holonomix'])
    expect(stdout).toMatch(/^plan starter +10 in 60 s per organization; 1000 in a month$/m)
    expect(stdout).toMatch(/^plan enterprise +none$/m)
    expect(stdout).not.toMatch(/^limits/m)
    const file = join(folder, 'limited.yaml')
    const limits = '[{ requests: 5, windowSeconds: 60, kind: bucket }]'
    writeFileSync(file, `name: limited\nkey: { forms: [{ prefix: li_ }] }\nlimits: ${limits}\n`)
    const { stdout: limited } = await keywright(['contract', 'show', file])
    expect(limited).toMatch(/^limits +5 at once, refilled over 60 s per key$/m)
  })

  it('shows which keys are no longer made, and that any permission may be given where none is offered', async () => {
    const file = join(folder, 'retired.yaml')
    writeFileSync(file, 'name: moved\nkey: { forms: [{ prefix: mv_ }, { prefix: old_, retired: true }] }\n')
    const { stdout } = await keywright(['contract', 'show', file])
    expect(stdout).toMatch(/^key +mv_… {2}live secret, old_… {2}live secret \(no longer made\)$/m)
    expect(stdout).toMatch(/^permissions +any$/m)
  })

  it('shows what each route needs, the kind of key too', async () => {
    const file = join(folder, 'kinds.yaml')
    const forms = '[{ prefix: ki_ }, { prefix: ki_pk_, kind: publishable }]'
    const routes = [
      '{ path: /tokens, kinds: [secret, publishable] }',
      "{ path: '/admin/**', kinds: [secret], permission: 'admin:all' }",
      "{ path: '/**', permission: { read: 'a:read', write: 'a:write' } }",
    ]
    writeFileSync(
      file,
      `name: kinds\nkey: { forms: ${forms} }\nroutes:\n${routes.map((one) => `  - ${one}\n`).join('')}`,
    )
    const { stdout } = await keywright(['contract', 'show', file])
    expect(stdout).toMatch(/^\/tokens +all +a key of kind secret or publishable$/m)
    expect(stdout).toMatch(/^\/admin\/\*\* +all +a key of kind secret with admin:all$/m)
    expect(stdout).toMatch(/^\/\*\* +all +a:read, a:write$/m)
  })

  it('checks a file, and names every field at fault', async () => {
    const good = join(folder, 'good.json')
    writeFileSync(good, (await keywright(['contract', 'show', 'hopx', '--json'])).stdout)
    expect(await keywright(['contract', 'check', good])).toMatchObject({ code: 0 })

    const bad = join(folder, 'bad.yaml')
    writeFileSync(bad, 'name: Bad Name\nboundTo: planet\n')
    const { code, stderr } = await keywright(['contract', 'check', bad])
    expect(code).toBe(2)
    expect(stderr).toContain('name')
    expect(stderr).toContain('boundTo')
  })

  it('reads JSON with a mark at its beginning, and refuses a member that is there twice', async () => {
    const json = (await keywright(['contract', 'show', 'hopx', '--json'])).stdout
    const marked = join(folder, 'marked.json')
    writeFileSync(marked, `\ufeff${JSON.stringify(JSON.parse(json), null, '\t')}`)
    expect(await keywright(['contract', 'check', marked])).toMatchObject({ code: 0 })
    const twice = join(folder, 'twice.json')
    writeFileSync(twice, '{ "name": "a", "key": { "forms": [{ "prefix": "a_", "prefix": "b_" }] } }')
    const { code, stderr } = await keywright(['contract', 'check', twice])
    expect([code, stderr]).toEqual([2, expect.stringContaining('a member is there twice at line 1, column 53')])
  })

  it.each([
    [
      'unquoted.yaml',
      'name: a\nkey: { forms: [{ prefix: a_ }] }\nbody: { json: { error: {message} } }\n',
      'line 3, column 25',
    ],
    [
      'named.ts',
      "export const contract = { name: 'a', key: { forms: [{ prefix: 'a_' }] } }\n",
      'exports nothing as default',
    ],
  ])('says why %s is not what it looks like', async (name, content, reason) => {
    const file = join(folder, name)
    writeFileSync(file, content)
    const { code, stderr } = await keywright(['contract', 'check', file])
    expect([code, stderr]).toEqual([2, expect.stringContaining(reason)])
  })

  it('guesses which built-in contract was meant', async () => {
    const { code, stderr } = await keywright(['contract', 'show', 'hpox'])
    expect([code, stderr.includes('Did you mean hopx?')]).toEqual([2, true])
  })
})

describe('keywright doctor', () => {
  it('says what is wrong with a key that was copied badly, without repeating it', async () => {
    const env = {
      KEYWRIGHT_URL: 'http://127.0.0.1:9',
      HOPX_API_KEY: ' hopx_live_canary',
      KEYWRIGHT_SERVICE_KEY: 'x'.repeat(40),
    }
    const { code, stdout, stderr } = await keywright(['doctor', '--contract', 'hopx'], { env })
    expect(code).toBe(1)
    expect(stdout).toMatch(/✗ HOPX_API_KEY +A key begins with hopx_live_; the first character here is white space\./)
    expect(stdout).toMatch(/✗ control side +No answer from http:\/\/127\.0\.0\.1:9: bad port\./)
    expect(stdout + stderr).not.toContain('canary')
  })

  it('knows a mistyped service key by its checksum', async () => {
    const key = mintServiceKey().credential
    const mistyped = key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a')
    const { stdout } = await keywright(['doctor'], {
      env: { KEYWRIGHT_SERVICE_KEY: mistyped, KEYWRIGHT_URL: 'http://127.0.0.1:9' },
    })
    expect(stdout).toMatch(/✗ service key +Its checksum does not match/)
  })
})

describe('keywright completion', () => {
  /** What bash is offered for the last of the words. */
  async function bash(): Promise<(...words: string[]) => string> {
    const { stdout } = await keywright(['completion', 'bash'])
    const script = `${stdout}\nCOMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _keywright; echo "\${COMPREPLY[*]}"`
    return (...words) =>
      execFileSync('bash', ['-c', script, 'bash', 'keywright', ...words])
        .toString()
        .trim()
  }

  it('completes commands, subcommands and flags in bash', async () => {
    const complete = await bash()
    expect(complete('ser')).toBe('serve service-keys')
    expect(complete('keys', 'r')).toBe('rotate resume revoke')
    expect(complete('docs', '')).toBe('build test --help')
    expect(complete('import', '--d')).toBe('--dry-run')
    expect(complete('keys', 'create', '--p')).toBe('--project --permission')
    expect(complete('keys', 'create', '--name', 'x', '--or')).toBe('--organization')
    expect(complete('--timeout', '5s', 'keys', 'r')).toBe('rotate resume revoke')
    expect(complete('--timeout', '=', '5s', 'keys', 'r')).toBe('rotate resume revoke')
  })

  it('takes what follows a flag for its value in bash', async () => {
    const complete = await bash()
    // Without a word that it may be, bash offers files; of flags alone it would write what all begin with.
    expect(complete('keys', 'create', '--name', '')).toBe('')
    expect(complete('serve', '--data', '=', '')).toBe('')
    expect(complete('keys', 'list', '--json', '')).toContain('--state')
  })

  /** What the shell is told to read at its start, in a file. */
  async function written(shell: string): Promise<string> {
    const { stdout } = await keywright(['completion', shell])
    const file = join(folder, `completion.${shell}`)
    writeFileSync(file, stdout)
    return file
  }

  it.each([
    ['bash', 'bash --norc -i'],
    ['zsh', 'zsh -f -i'],
  ])('leaves the names of files to %s', async (shell, program) => {
    writeFileSync(join(folder, 'exported-keys.jsonl'), '')
    // A terminal of its own, which zsh alone can make.
    const typed = `zmodload zsh/zpty
      zpty -e shell "cd ${folder}; TERM=dumb ZDOTDIR=${folder} ${program}"
      zpty -w shell "PS1= ; source ${await written(shell)} && echo loa''ded"
      zpty -r -m shell said '*loaded*'
      zpty -w -n shell $'keywright import expo\\t'
      zpty -r -m shell completed '*exported-keys.jsonl*'
      print -r -- "$completed"`
    expect(execFileSync('zsh', ['-f', '-c', typed], { timeout: 20_000 }).toString()).toContain('exported-keys.jsonl')
  })

  it('completes the same in zsh', async () => {
    // A terminal of its own: zsh completes nowhere else.
    const typed = `zmodload zsh/zpty
      zpty shell "TERM=dumb ZDOTDIR=${folder} zsh -f -i"
      zpty -w shell "PS1= ; source ${await written('zsh')} && print -r loa''ded"
      zpty -r -m shell said '*loaded*'
      zpty -w -n shell $'keywright keys r\\t'
      zpty -r -m shell offered '*resume*revoke*rotate*'
      zpty -w -n shell $'\\C-ukeywright keys create --na\\t'
      zpty -r -m shell completed '*--name*'
      print -r -- "$said$offered$completed"`
    const shown = execFileSync('zsh', ['-f', '-c', typed], { timeout: 20_000 }).toString()
    expect(shown).toContain('rotate')
    expect(shown).not.toMatch(/error|not found|insecure|modifier/)
  })

  it('completes the same in fish', async () => {
    const file = await written('fish')
    const complete = (line: string) =>
      execFileSync('fish', ['--command', 'cat $argv[1] | source; complete --do-complete $argv[2]', file, line], {
        env: { PATH: process.env.PATH, HOME: folder },
      })
        .toString()
        .split('\n')
        .flatMap((it) => it.split('\t')[0] || [])
    expect(complete('keywright ser')).toEqual(['serve', 'service-keys'])
    expect(complete('keywright keys r')).toEqual(['resume', 'revoke', 'rotate'])
    expect(complete('keywright keys create --p')).toEqual(['--permission', '--project'])
    expect(complete('keywright keys create re')).not.toContain('resume')
    expect(complete('keywright import --d')).toEqual(['--dry-run'])
    expect(complete('keywright --timeout ser')).toEqual([])
  })
})
