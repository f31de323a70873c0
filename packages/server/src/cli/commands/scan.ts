import type { Command } from 'commander'
import { CliError, usageError } from '../failure.ts'
import { contractOption, loadContract } from '../load-contract.ts'
import { printable } from '../print/escape.ts'
import { note, print, printJson, styled } from '../print/terminal.ts'
import { type FoundKey, findKeys, searchesFor } from '../scan/find-keys.ts'
import { readFiles } from '../scan/read-files.ts'

type Finding = FoundKey & { file: string }

export function defineScan(scan: Command): void {
  scan
    .argument('[path...]', 'files and folders', ['.'])
    .addOption(contractOption())
    .option('--json', 'print the findings as JSON')
    .action(async (paths: string[], { contract: name, json }: { contract: string; json?: true }) => {
      const searches = searchesFor(await loadContract(name))
      const findings: Finding[] = []
      const { skipped, unread } = readFiles(paths, (file, text) => {
        for (const found of findKeys(text, searches)) findings.push({ file, ...found })
      })
      if (json) printJson({ findings, skipped, unread: unread.map(({ path }) => path) })
      else for (const finding of findings) print(findingText(finding))
      for (const { path, reason } of unread) note(`${printable(path)} cannot be read: ${reason}.`)
      if (skipped > 0) {
        const count = skipped === 1 ? '1 path was' : `${skipped} paths were`
        note(`${count} passed over: too large, no text, a link or the like, or a folder such as node_modules.`)
      }
      if (findings.length > 0) {
        const count = findings.length === 1 ? 'One key was' : `${findings.length} keys were`
        throw new CliError(`${count} found.`, hintFor(findings))
      }
      if (unread.length > 0) {
        const count = unread.length === 1 ? 'one path' : `${unread.length} paths`
        throw usageError(`No key was found, but ${count} could not be read.`, 'Check the paths and their modes.')
      }
      if (!json) note('No key was found.')
    })
}

/** No list of keys has a service key or a CLI token. */
function hintFor(findings: readonly Finding[]): string {
  const count = (prefix: string) => findings.filter(({ hint }) => hint.startsWith(prefix)).length
  const [serviceKeys, cliTokens] = [count('kwo_'), count('kwc_')]
  const mends = [
    serviceKeys + cliTokens < findings.length &&
      'Revoke each, by the id that `keywright keys list --organization <id> --search <as shown>` tells: keywright keys revoke key_….',
    serviceKeys > 0 &&
      'Revoke each kwo_…, by the id that `keywright service-keys list` tells: keywright service-keys revoke svc_…; one that is not there is what a server was started with, and ends when that is started with another.',
    cliTokens > 0 &&
      'Each kwc_… is a login from a terminal, and ends where its person logs it out: in the account of the console.',
    'Removing it from a file is not enough.',
  ]
  return mends.filter((mend) => mend !== false).join(' ')
}

function findingText({ file, line, column, hint }: Finding): string {
  return `${printable(file)}:${line}:${column}  ${styled('red', printable(hint))}`
}
