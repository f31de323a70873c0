import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Contract } from '@keywright/core'
import { type Command, InvalidArgumentError } from 'commander'
import { makeFolder } from '../../config/make-folder.ts'
import { CliError } from '../failure.ts'
import { contractOption, loadContract } from '../load-contract.ts'
import { printable } from '../print/escape.ts'
import { note, print, printJson, styled } from '../print/terminal.ts'
import { connect, controlUrl } from '../session.ts'

interface Addresses {
  contract: string
  publicUrl?: string
  consoleUrl?: string
}

export function defineDocs(docs: Command): void {
  addressed(docs.command('build').description("write the documentation of a contract's API to a folder"))
    .requiredOption('--out <dir>', 'where to', readFolder)
    .option('--json', 'print the names of the files as JSON')
    .action(async ({ out, json, ...options }: Addresses & { out: string; json?: true }) => {
      const contract = await loadContract(options.contract)
      const { siteOf } = await import('../../docs/site.ts')
      const edge = options.publicUrl ?? 'http://127.0.0.1:8787'
      const site = siteOf({ contract, edge, control: options.consoleUrl ?? new URL(controlUrl()).origin })
      for (const [path, text] of site) writeInto(out, path, text)
      if (json) return printJson({ folder: out, files: [...site.keys()] }, { id: out })
      note(`${site.size} files are in ${printable(out)}; begin at ${printable(join(out, 'docs', 'index.html'))}.`)
    })

  addressed(docs.command('test').description('run every example of the documentation against a running instance'))
    .option('--json', 'print the results as JSON')
    .action(async ({ json, ...options }: Addresses & { json?: true }) => {
      const { testDocs } = await import('../examples/test-docs.ts')
      const results = await testDocs(connect(), await subjectOf(options), (result) => {
        if (!json) print(resultText(result))
      })
      if (json) printJson({ examples: results })
      const failed = results.filter(({ result }) => result === 'failed').length
      const missing = results.filter(({ result }) => result === 'not_run').length
      if (missing > 0) note(`${missing} examples were not run; beside each stands why.`)
      if (failed > 0) throw new CliError(`${failed} of ${results.length} examples do not do what is printed.`, null)
      if (!json) note(`${results.length - missing} examples do what is printed.`)
    })
}

function addressed(command: Command): Command {
  return command
    .addOption(contractOption())
    .option('--public-url <url>', 'the edge as seen from outside', readOrigin)
    .option('--console-url <url>', 'the control side as seen from outside; KEYWRIGHT_URL unless given', readOrigin)
}

function readFolder(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('Name a folder.')
}

function readOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin
  throw new InvalidArgumentError('Write an address such as https://api.example.com, without a path.')
}

async function subjectOf({ contract: name, publicUrl, consoleUrl }: Addresses) {
  const contract: Contract = await loadContract(name)
  const { edge } = await connect().contract()
  return { contract, edge: publicUrl ?? new URL(edge).origin, control: consoleUrl ?? new URL(controlUrl()).origin }
}

function writeInto(folder: string, path: string, text: string): void {
  const file = join(folder, path)
  try {
    makeFolder(dirname(file))
    writeFileSync(file, text)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CliError(`${file} cannot be written (${code}).`, 'Name a folder that this user may write with --out.')
  }
}

function resultText({ page, heading, language, result, message }: import('../examples/test-docs.ts').Tested): string {
  const sign = { passed: styled('green', '✓'), failed: styled('red', '✗'), not_run: styled('yellow', '–') }[result]
  const where = `${page}.md  ${heading}${language === '' ? '' : ` (${language})`}`
  const lines = message === null ? '' : `\n  ${message.split('\n').map(printable).join('\n  ')}`
  return `${sign} ${printable(where)}${lines}`
}
