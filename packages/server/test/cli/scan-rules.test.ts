import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtIn, hopx } from '@keywright/contracts'
import { compileFormat, type KeyRule } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { mintCliToken } from '../../src/access/cli-token-format.ts'
import { mintServiceKey } from '../../src/access/service-key-format.ts'
import { keywright } from '../support/command-line.ts'
import { mintedOfEachForm, ordinary, surrounded } from './surrounded.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keywright-rules-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const formats = ['gitleaks', 'betterleaks', 'trufflehog', 'github-custom-pattern'] as const

interface Rule {
  name: string
  expression: RegExp
}

/** The rules as they are printed, each as an expression whose first group is the secret. */
async function rulesOf(format: (typeof formats)[number], contract: string): Promise<Rule[]> {
  const { code, stdout } = await keywright(['scan-rules', '--contract', contract, '--format', format])
  expect(code).toBe(0)
  const values = (field: RegExp) => [...stdout.matchAll(field)].map(([, value = '']) => value)
  if (format === 'trufflehog')
    return parse(stdout).detectors.map(({ name, regex }: { name: string; regex: { key: string } }) => ({
      name,
      expression: new RegExp(regex.key, 'g'),
    }))
  if (format === 'github-custom-pattern') {
    const [names, secrets, before, after] = [
      values(/^Pattern name: +(.*)$/gm),
      values(/^Secret format: +(.*)$/gm),
      values(/^Before secret: +(.*)$/gm).map((text) => text.replace('\\A', '^')),
      values(/^After secret: +(.*)$/gm).map((text) => text.replace('\\z', '$')),
    ]
    return names.map((name, at) => ({
      name,
      expression: new RegExp(`(?:${before[at]})(${secrets[at]})(?:${after[at]})`, 'g'),
    }))
  }
  const names = values(/^id = "(.*)"$/gm)
  return values(/^regex = '''((?:(?!''').)*)'''$/gm).map((text, at) => ({
    name: names[at] ?? '',
    expression: new RegExp(text, 'g'),
  }))
}

const secretsIn = (text: string, rules: readonly Rule[]) =>
  rules.flatMap(({ expression }) => [...text.matchAll(expression)].map(([, secret]) => secret))

const entropyOf = (text: string) =>
  [...new Set(text)]
    .map((character) => text.split(character).length - 1)
    .reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0)

const cases = [
  ...Object.values(builtIn).map((contract) => ['gitleaks', contract] as const),
  ...formats.slice(1).map((format) => [format, hopx] as const),
].map(([format, { name, key }]) => ({ format, name, key }))

describe('keywright scan-rules', () => {
  it.each(cases)('writes rules for $format that find keys of $name whatever stands beside them', async (it) => {
    const rules = await rulesOf(it.format, it.name)
    for (const minted of mintedOfEachForm(it.key)) {
      expect(entropyOf(minted)).toBeGreaterThan(3)
      for (const line of surrounded(minted)) expect(secretsIn(line, rules), line).toContain(minted)
      for (const line of ordinary(minted)) expect(secretsIn(line, rules), line).toEqual([])
    }
  })

  it.each(formats)('writes rules for %s that find what lets into Keywright itself', async (format) => {
    const rules = await rulesOf(format, 'hopx')
    for (const { credential } of [mintServiceKey(), mintCliToken()])
      for (const line of surrounded(credential)) expect(secretsIn(line, rules), line).toContain(credential)
  })

  it('writes rules for gitleaks that find each of several keys of one line', async () => {
    const rules = await rulesOf('gitleaks', 'hopx')
    const [first, second] = mintedOfEachForm(hopx.key)
    for (const between of [',', ' ', '\\n', '\n'])
      expect(secretsIn(`${first}${between}${second}`, rules)).toEqual([first, second])
  })

  it('says in the words of gitleaks which text to look into', async () => {
    const { stdout } = await keywright(['scan-rules', '--contract', 'hopx'])
    expect(stdout).toContain('keywords = ["hopx_live_"]')
    expect(stdout).toContain('secretGroup = 1')
  })

  it('writes nothing for betterleaks that it refuses: it takes the only group for the secret', async () => {
    const { stdout } = await keywright(['scan-rules', '--contract', 'hopx', '--format', 'betterleaks'])
    expect(new Set(stdout.match(/^\w+(?= = )/gm))).toEqual(
      new Set(['useDefault', 'id', 'description', 'regex', 'filter', 'keywords']),
    )
    expect(stdout).toContain(`filter = 'entropy(finding["secret"]) <= 3.0'`)
  })

  const moved = (forms: object[], more: object = {}) => {
    const file = join(folder, 'moved.json')
    writeFileSync(file, JSON.stringify({ name: 'moved', key: { checksum: true, forms }, ...more }))
    return file
  }

  it.each(formats)('writes a rule of its own name for %s for each form, the retired too', async (format) => {
    const forms = [{ prefix: 'old_', retired: true }, { prefix: 'mv_' }, { prefix: 'older_', retired: true }]
    const file = moved(forms)
    const rules = await rulesOf(format, file)
    expect(new Set(rules.map(({ name }) => name)).size).toBe(5)
    const { stdout } = await keywright(['contract', 'show', file, '--json'])
    const { key } = JSON.parse(stdout) as { key: KeyRule }
    const { environment, kind } = key.forms[0] as KeyRule['forms'][number]
    for (const [at, prefix] of ['mv_', 'old_', 'older_'].entries()) {
      const forms = key.forms.filter((form) => form.prefix === prefix).map((form) => ({ ...form, retired: false }))
      const { credential } = compileFormat({ ...key, forms }).mint({ environment, kind })
      const found = rules.flatMap((rule, rank) => (secretsIn(credential, [rule]).length > 0 ? [rank] : []))
      expect(found).toEqual([at])
    }
  })

  it.each(formats)('writes rules for %s that can be read whatever prefix and title are', async (format) => {
    const forms = [{ prefix: "it's'''\"mv\\\\_" }]
    const credential = { sources: [{ header: 'X-Key' }] }
    const file = moved(forms, { credential, title: '"Moved"\n\u007f' })
    const rules = await rulesOf(format, file)
    expect(rules).toHaveLength(3)
    const { stdout } = await keywright(['contract', 'show', file, '--json'])
    const { key } = JSON.parse(stdout) as { key: KeyRule }
    const { credential: minted } = compileFormat(key).mint({ environment: 'live', kind: 'secret' })
    expect(secretsIn(`key: ${minted}`, rules)).toEqual([minted])
    expect((await keywright(['scan-rules', '--contract', file, '--format', format])).stdout).not.toContain('\u007f')
  })

  it.each(formats)('writes no rule for %s for publishable keys, which anyone may see', async (format) => {
    const rules = await rulesOf(format, moved([{ prefix: 'mv_' }, { prefix: 'mv_pk_', kind: 'publishable' }]))
    expect(rules.filter(({ name }) => name.includes('publishable'))).toEqual([])
    expect(rules).toHaveLength(3)
  })

  it('says which form has no rule', async () => {
    const file = moved([{ prefix: 'mv_' }, { prefix: '', environment: 'old', retired: true }])
    const { code, stdout, stderr } = await keywright(['scan-rules', '--contract', file])
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^There is no rule for: .*\(old, .*\n$/)])
    expect(stdout.match(/^\[\[rules\]\]$/gm)).toHaveLength(3)
  })

  it('names the scanners where another is asked for', async () => {
    const { code, stderr } = await keywright(['scan-rules', '--format', 'grep'])
    expect(code).toBe(2)
    expect(stderr).toContain('gitleaks')
  })
})
