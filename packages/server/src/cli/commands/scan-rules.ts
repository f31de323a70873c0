import { type Contract, type CredentialFormat, compileFormat } from '@keywright/core'
import { type Command, Option } from 'commander'
import { stringify } from 'yaml'
import { cliTokenFormat } from '../../access/cli-token-format.ts'
import { serviceKeyFormat } from '../../access/service-key-format.ts'
import { contractOption, loadContract } from '../load-contract.ts'
import { printable } from '../print/escape.ts'
import { note, print } from '../print/terminal.ts'
import { escapes } from '../scan/surroundings.ts'

interface Rule {
  id: string
  description: string
  keyword: string
  regex: string
}

const writers = {
  gitleaks: (rules: readonly Rule[]) => gitleaks(rules, 'secretGroup = 1\nentropy = 3'),
  betterleaks: (rules: readonly Rule[]) => gitleaks(rules, `filter = 'entropy(finding["secret"]) <= 3.0'`),
  trufflehog,
  'github-custom-pattern': githubCustomPattern,
}

export function defineScanRules(scanRules: Command): void {
  scanRules
    .addOption(new Option('--format <scanner>', 'whose rules').choices(Object.keys(writers)).default('gitleaks'))
    .addOption(contractOption())
    .action(async ({ format, contract: name }: { format: keyof typeof writers; contract: string }) => {
      const rules = rulesOf(await loadContract(name))
      const written = rules.filter(({ keyword }) => keyword !== '')
      for (const { description } of rules.filter(({ keyword }) => keyword === ''))
        note(`There is no rule for: ${description}. Without a prefix it would match any random text.`)
      print(writers[format](named(written)))
    })
}

/**
 * The form that is issued before those that are only accepted, since it takes the name without a number. None for
 * publishable keys, which anyone may see.
 */
function rulesOf({ name, title, key }: Contract): Rule[] {
  const format = compileFormat(key)
  const own = format.patterns().map(({ environment, kind, keyword, regex }, form) => ({
    id: `${name}-${environment}-${kind}-key`,
    kind,
    description: `${printable(title)} API key (${environment}, ${kind})`,
    keyword,
    regex,
    isRetired: format.forms[form]?.retired ?? false,
  }))
  const secret = own.filter(({ kind }) => kind !== 'publishable')
  return [
    ...secret.filter(({ isRetired }) => !isRetired),
    ...secret.filter(({ isRetired }) => isRetired),
    ...ownRules(serviceKeyFormat, 'service key'),
    ...ownRules(cliTokenFormat, 'CLI token'),
  ]
}

/** Of what is the same under every contract. */
function ownRules(format: CredentialFormat, noun: string): Rule[] {
  return format.patterns().map(({ keyword, regex }) => ({
    id: `keywright-${noun.toLowerCase().replace(' ', '-')}`,
    description: `Keywright ${noun}`,
    keyword,
    regex,
  }))
}

/** Of rules with the same id a scanner keeps the last alone. */
function named(rules: readonly Rule[]): Rule[] {
  const seen = new Map<string, number>()
  return rules.map((rule) => {
    const count = (seen.get(rule.id) ?? 0) + 1
    seen.set(rule.id, count)
    if (count === 1) return rule
    return { ...rule, id: `${rule.id}-${count}`, description: `${rule.description} ${count}` }
  })
}

/** RE2 has no look-around. What may stand beside is matched next to the secret's own group, as little as there is. */
function besideOther(regex: string): string {
  return `(?:\\b|^|[^0-9A-Za-z]|${escapes})(${regex})(?:\\b|[^0-9A-Za-z]|$)`
}

function gitleaks(rules: readonly Rule[], accuracy: string): string {
  const written = rules.map(
    ({ id, description, keyword, regex }) => `[[rules]]
id = ${JSON.stringify(id)}
description = ${JSON.stringify(description)}
regex = '''${besideOther(regex).replaceAll("'", '\\x27')}'''
${accuracy}
keywords = [${JSON.stringify(keyword.toLowerCase())}]`,
  )
  return ['[extend]\nuseDefault = true', ...written].join('\n\n')
}

function trufflehog(rules: readonly Rule[]): string {
  const detectors = rules.map(({ id, keyword, regex }) => ({
    name: id,
    keywords: [keyword],
    regex: { key: besideOther(regex) },
  }))
  return stringify({ detectors }).trimEnd()
}

function githubCustomPattern(rules: readonly Rule[]): string {
  return rules
    .map(
      ({ description, regex }) =>
        `Pattern name:   ${description}\nSecret format:  ${regex}\nBefore secret:  \\A|[^0-9A-Za-z]|${escapes}\nAfter secret:   \\z|[^0-9A-Za-z]`,
    )
    .join('\n\n')
}
