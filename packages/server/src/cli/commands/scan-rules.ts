import { type Contract, compileFormat } from '@keywright/core'
import { type Command, Option } from 'commander'
import { stringify } from 'yaml'
import { serviceKeyFormat } from '../../access/service-key-format.ts'
import { contractOption, loadContract } from '../load-contract.ts'
import { print } from '../print/terminal.ts'

interface Rule {
  id: string
  description: string
  keyword: string
  regex: string
}

const writers = {
  gitleaks: (rules: readonly Rule[]) => gitleaks(rules, 'entropy = 3.5'),
  betterleaks: (rules: readonly Rule[]) => gitleaks(rules, `filter = 'filter.entropy(finding["secret"]) <= 3.0'`),
  trufflehog,
  'github-custom-pattern': githubCustomPattern,
}

export function defineScanRules(scanRules: Command): void {
  scanRules
    .addOption(new Option('--format <scanner>', 'whose rules').choices(Object.keys(writers)).default('gitleaks'))
    .addOption(contractOption())
    .action(async ({ format, contract: name }: { format: keyof typeof writers; contract: string }) => {
      print(writers[format](rulesOf(await loadContract(name))))
    })
}

/** A form without a prefix would match any random text. */
export function rulesOf({ name, title, key }: Contract): Rule[] {
  const own = compileFormat(key)
    .patterns()
    .map(({ environment, kind, keyword, regex }) => ({
      id: `${name}-${environment}-${kind}-key`,
      description: `${title} API key (${environment}, ${kind})`,
      keyword,
      regex,
    }))
  const service = serviceKeyFormat.patterns().map(({ keyword, regex }) => ({
    id: 'keywright-service-key',
    description: 'Keywright service key',
    keyword,
    regex,
  }))
  return [...own, ...service].filter(({ keyword }) => keyword !== '')
}

/** RE2 has no look-around, so what may follow is matched beside the secret's own group. */
function gitleaks(rules: readonly Rule[], accuracy: string): string {
  const written = rules.map(
    ({ id, description, keyword, regex }) => `[[rules]]
id = ${JSON.stringify(id)}
description = ${JSON.stringify(description)}
regex = '''\\b(${regex})(?:[\\x60'"\\s;,]|\\\\[nr]|$)'''
secretGroup = 1
${accuracy}
keywords = [${JSON.stringify(keyword.toLowerCase())}]`,
  )
  return ['[extend]\nuseDefault = true', ...written].join('\n\n')
}

function trufflehog(rules: readonly Rule[]): string {
  const detectors = rules.map(({ id, keyword, regex }) => ({
    name: id,
    keywords: [keyword],
    regex: { key: `\\b(${regex})` },
  }))
  return stringify({ detectors }).trimEnd()
}

function githubCustomPattern(rules: readonly Rule[]): string {
  return rules
    .map(
      ({ description, regex }) =>
        `Pattern name:   ${description}\nSecret format:  ${regex}\nBefore secret:  \\A|[^0-9A-Za-z_-]\nAfter secret:   \\z|[^0-9A-Za-z_-]`,
    )
    .join('\n\n')
}
