import { type Contract, type KeyForm, type Plan, rowOf } from '@keywright/core'
import type { Command } from 'commander'
import { loadContract } from '../load-contract.ts'
import { printable } from '../print/escape.ts'
import { limitText } from '../print/limit.ts'
import { facts, table } from '../print/table.ts'
import { print, printJson, styled } from '../print/terminal.ts'
import { lasting } from '../print/time.ts'

export function defineContract(contract: Command): void {
  contract
    .command('check')
    .description('check a contract, and name every field at fault')
    .argument('<name or file>', 'a built-in name, or a .ts, .js, .yaml or .json file')
    .option('--json', 'print the contract as it is run')
    .action(async (nameOrFile: string, { json }: { json?: true }) => {
      const checked = await loadContract(nameOrFile)
      if (json) return printJson(checked)
      print(
        `${styled('green', '✓')} ${printable(nameOrFile)} can be run: keywright serve --contract ${printable(nameOrFile)}`,
      )
    })

  contract
    .command('show')
    .description('show what a contract says')
    .argument('<name or file>', 'a built-in name, or a .ts, .js, .yaml or .json file')
    .option('--json', 'print the contract as it is run')
    .action(async (nameOrFile: string, { json }: { json?: true }) => {
      const shown = await loadContract(nameOrFile)
      if (json) return printJson(shown)
      print(summary(shown))
    })
}

function summary(contract: Contract): string {
  const { title, name, credential, key, boundTo, permissions, rotation, limits, plans, namespaces } = contract
  const rows = facts([
    ['contract', `${printable(title)} (${name})`],
    ['key', key.forms.map(formText).join(', ')],
    ['sent as', credential.sources.map(sourceText).join(', or ')],
    ['bound to', `one ${boundTo}${namespaces ? ', and its namespaces' : ''}`],
    ['permissions', Object.keys(permissions.offered).join(', ') || 'any'],
    [
      'rotation',
      rotation.maxGraceSeconds === 0 ? 'immediate' : `grace of at most ${lasting(rotation.maxGraceSeconds)}`,
    ],
    ...(Object.keys(plans).length === 0
      ? [['limits', limitsText(limits)] as const]
      : Object.entries(plans).map(([plan, terms]) => [`plan ${plan}`, planText(terms)] as const)),
  ])
  return `${rows}\n\n${routeTable(contract)}\n\n${refusalTable(contract)}`
}

function formText({ prefix, environment, kind, retired }: KeyForm): string {
  return `${prefix}…  ${environment} ${kind}${retired ? ' (no longer made)' : ''}`
}

function limitsText(limits: Contract['limits']): string {
  return limits.map(limitText).join(', ') || 'none'
}

function planText({ limits, monthlyQuota }: Plan): string {
  return `${limitsText(limits)}${monthlyQuota === null ? '' : `; ${monthlyQuota} in a month`}`
}

function sourceText(source: Contract['credential']['sources'][number]): string {
  if ('header' in source) return source.scheme ? `${source.header}: ${source.scheme} <key>` : `${source.header}: <key>`
  if ('basic' in source) return `Basic, as the ${source.basic === 'user' ? 'user name' : 'password'}`
  if ('idHeader' in source) return `${source.idHeader} and ${source.secretHeader}`
  return `?${source.query}=<key>`
}

function routeTable({ routes, otherRoutes }: Contract): string {
  const rest = otherRoutes === 'key' ? 'any key without a list of permissions' : 'nobody'
  return table(
    ['ROUTE', 'METHODS', 'NEEDS'],
    [
      ...routes.map((route) => [route.path, route.methods?.join(', ') ?? 'all', needsText(route)]),
      ['everything else', 'all', rest],
    ],
  )
}

function needsText({ permission, access, kinds }: Contract['routes'][number]): string {
  if (access === 'anonymous') return 'nothing'
  const key = kinds === undefined ? 'a key' : `a key of kind ${kinds.join(' or ')}`
  if (permission === undefined) return key
  const needed = typeof permission === 'string' ? permission : `${permission.read}, ${permission.write}`
  return kinds === undefined ? needed : `${key} with ${needed}`
}

function refusalTable({ refusals }: Contract): string {
  return table(
    ['DENIED BECAUSE', 'ANSWERED AS', 'STATUS'],
    Object.entries(rowOf).map(([reason, row]) => [reason, row, String(refusals[row].status)]),
  )
}
