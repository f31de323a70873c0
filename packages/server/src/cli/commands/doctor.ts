import { type Keywright, KeywrightError, ProblemError, type Whoami } from '@keywright/client'
import { type Contract, compileFormat } from '@keywright/core'
import type { Command } from 'commander'
import { serviceKeyFormat } from '../../access/service-key-format.ts'
import { CliError } from '../failure.ts'
import { contractOption, loadContract } from '../load-contract.ts'
import { printable } from '../print/escape.ts'
import { print, printJson, styled } from '../print/terminal.ts'
import { connect, controlUrl, credential } from '../session.ts'

interface Check {
  name: string
  ok: boolean
  /** A sentence; never holds a credential. */
  message: string
}

export function defineDoctor(doctor: Command): void {
  doctor
    .addOption(contractOption())
    .option('--json', 'print the checks as JSON')
    .action(async ({ contract: name, json }: { contract: string; json?: true }) => {
      const contract = await loadContract(name)
      const checks = [checkNode(), ...checkApiKey(contract), ...(await checkServer())]
      if (json) printJson({ checks })
      else for (const check of checks) print(checkText(check))
      const failed = checks.filter(({ ok }) => !ok).length
      if (failed > 0) throw new CliError(`${failed === 1 ? 'One check' : `${failed} checks`} did not pass.`, null)
    })
}

function checkText({ name, ok, message }: Check): string {
  return `${ok ? styled('green', '✓') : styled('red', '✗')} ${name.padEnd(14)} ${printable(message)}`
}

function checkNode(): Check {
  return { name: 'Node', ok: true, message: `${process.version} on ${process.platform} ${process.arch}.` }
}

/** The variable that the contract's clients read: most keys that fail were copied badly. */
function checkApiKey(contract: Contract): Check[] {
  const { variable } = contract.docs
  const value = process.env[variable]
  if (value === undefined) return []
  const described = compileFormat(contract.key).describe(value)
  if (!described.valid) return [{ name: variable, ok: false, message: described.message }]
  const { environment, kind } = described.form
  return [
    { name: variable, ok: true, message: `It has the form of a ${contract.title} key (${environment}, ${kind}).` },
  ]
}

async function checkServer(): Promise<Check[]> {
  try {
    const url = controlUrl()
    const key = credential()
    const address = {
      name: 'KEYWRIGHT_URL',
      ok: true,
      message: `${url}${process.env.KEYWRIGHT_URL ? '' : ', the default'}.`,
    }
    return [address, checkServiceKey(key), ...(key === null ? [] : [await checkWhoami(connect())])]
  } catch (error) {
    if (error instanceof CliError) return [{ name: 'settings', ok: false, message: error.message }]
    throw error
  }
}

function checkServiceKey(key: string | null): Check {
  const name = 'service key'
  if (key === null) return { name, ok: false, message: 'KEYWRIGHT_SERVICE_KEY is not set.' }
  if (!key.startsWith('kwo_')) return { name, ok: true, message: 'It is one that an operator chose.' }
  const described = serviceKeyFormat.describe(key)
  return described.valid
    ? { name, ok: true, message: 'Its form is right.' }
    : { name, ok: false, message: described.message }
}

async function checkWhoami(client: Keywright): Promise<Check> {
  const name = 'server'
  try {
    const who = await client.whoami()
    const about = who.type === 'user' ? organizationsOf(who) : permissionsOf(who)
    return { name, ok: true, message: `It knows you as ${who.type.replace('_', ' ')} ${who.id}; ${about}.` }
  } catch (error) {
    if (error instanceof ProblemError) return { name, ok: false, message: `It answers, and refuses: ${error.message}` }
    if (error instanceof KeywrightError) return { name, ok: false, message: error.message }
    throw error
  }
}

function organizationsOf({ organizations }: Extract<Whoami, { type: 'user' }>): string {
  return `organizations: ${organizations.map(({ id, role }) => `${id} (${role})`).join(', ') || 'none'}`
}

function permissionsOf({ permissions }: Exclude<Whoami, { type: 'user' }>): string {
  return `permissions: ${permissions === null ? 'all' : permissions.join(', ') || 'none'}`
}
