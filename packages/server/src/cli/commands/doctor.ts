import { resolve } from 'node:path'
import { type Contract, compileFormat } from '@keywright/core'
import type { Command } from 'commander'
import { serviceKeyFormat } from '../../access/service-key-format.ts'
import { type Check, failed, passed } from '../checks/check.ts'
import { checkFiles } from '../checks/files.ts'
import { checkInstance, checkWhoami } from '../checks/server.ts'
import { storedToken } from '../credentials.ts'
import { CliError } from '../failure.ts'
import { contractOption, loadContract } from '../load-contract.ts'
import { printable } from '../print/escape.ts'
import { print, printJson, styled } from '../print/terminal.ts'
import { controlUrl, credential, signedInWith } from '../session.ts'

interface Options {
  contract: string
  data?: string
  json?: true
}

export function defineDoctor(doctor: Command): void {
  doctor
    .addOption(contractOption())
    .option('--data <dir>', 'data folder to look at; KEYWRIGHT_DATA or ./.keywright unless given')
    .option('--json', 'print the checks as JSON')
    .action(async ({ contract: name, data, json }: Options) => {
      const contract = await loadContract(name)
      const folder = resolve(data ?? (process.env.KEYWRIGHT_DATA || '.keywright'))
      const checks = [
        checkNode(),
        ...checkForm(contract),
        ...checkFiles(folder, data !== undefined),
        ...(await checkServer(contract)),
      ]
      if (json) printJson({ checks })
      else for (const check of checks) print(checkText(check))
      const wrong = checks.filter(({ ok }) => !ok).length
      if (wrong > 0) throw new CliError(`${wrong === 1 ? 'One check' : `${wrong} checks`} did not pass.`, null)
    })
}

function checkText({ name, ok, message }: Check): string {
  return `${ok ? styled('green', '✓') : styled('red', '✗')} ${name.padEnd(17)} ${printable(message)}`
}

function checkNode(): Check {
  return passed('Node', `${process.version} on ${process.platform} ${process.arch}.`)
}

/** The variable that the contract's clients read: most keys that fail were copied badly. Asks nobody. */
function checkForm(contract: Contract): Check[] {
  const { variable } = contract.docs
  const value = process.env[variable]
  if (value === undefined) return []
  const described = compileFormat(contract.key).describe(value)
  if (!described.valid) return [failed(variable, described.message)]
  const { environment, kind } = described.form
  const checksum = contract.key.checksum ? ', and its checksum is right' : ''
  return [passed(variable, `It has the form of a key of ${contract.title} (${environment}, ${kind})${checksum}.`)]
}

/** The check that asks who the credential is. */
const you = 'you'

async function checkServer(contract: Contract): Promise<Check[]> {
  try {
    const url = controlUrl()
    const serviceKey = credential()
    const token = serviceKey === null ? storedToken(url) : null
    const instance = await checkInstance(url, contract.name)
    const isThere = instance.length > 1
    const apiKey = process.env[contract.docs.variable]
    const whoami = !isThere
      ? []
      : await Promise.all([
          ...[serviceKey ?? token].flatMap((key) => (key === null ? [] : [checkWhoami(you, signedInWith(key))])),
          ...(isGood(contract, apiKey) ? [checkWhoami('API key', signedInWith(apiKey))] : []),
        ])
    const isKnown = whoami.some(({ name, ok }) => name === you && ok)
    const own = [
      ...(serviceKey === null ? [] : [checkServiceKey(serviceKey, isKnown)]),
      ...(serviceKey === null && token === null
        ? [failed('credential', 'There is none: run `keywright login`, or set KEYWRIGHT_SERVICE_KEY.')]
        : []),
    ]
    return [
      passed('KEYWRIGHT_URL', `${url}${process.env.KEYWRIGHT_URL ? '' : ', the default'}.`),
      ...instance,
      ...own,
      ...whoami,
    ]
  } catch (error) {
    if (error instanceof CliError) return [failed('settings', error.message)]
    throw error
  }
}

/** One that is malformed is sent nowhere. */
function isGood(contract: Contract, key: string | undefined): key is string {
  return key !== undefined && compileFormat(contract.key).parse(key) >= 0
}

function checkServiceKey(key: string, isKnown: boolean): Check {
  const name = 'service key'
  const described = serviceKeyFormat.describe(key)
  if (described.valid) return passed(name, 'Its form and its checksum are right.')
  const isChosen = isKnown || !key.startsWith('kwo_')
  return isChosen ? passed(name, 'It is one that an operator chose.') : failed(name, described.message)
}
