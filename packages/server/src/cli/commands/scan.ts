import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CredentialFormat, compileFormat } from '@keywright/core'
import type { Command } from 'commander'
import { serviceKeyFormat } from '../../access/service-key-format.ts'
import { CliError, usageError } from '../failure.ts'
import { contractOption, loadContract } from '../load-contract.ts'
import { printable } from '../print/escape.ts'
import { note, print, printJson, styled } from '../print/terminal.ts'

interface Finding {
  file: string
  line: number
  column: number
  /** Masked. */
  hint: string
}

const mostBytes = 10 * 1024 * 1024
const skipped = new Set(['.git', 'node_modules', '.hg', '.svn'])

export function defineScan(scan: Command): void {
  scan
    .argument('[path...]', 'files and folders', ['.'])
    .addOption(contractOption())
    .option('--json', 'print the findings as JSON')
    .action(async (paths: string[], { contract: name, json }: { contract: string; json?: true }) => {
      const contract = await loadContract(name)
      const findings = scanPaths(paths, [compileFormat(contract.key), serviceKeyFormat])
      if (json) printJson({ findings })
      else for (const finding of findings) print(findingText(finding))
      if (findings.length > 0) {
        const count = findings.length === 1 ? 'One key was' : `${findings.length} keys were`
        throw new CliError(
          `${count} found.`,
          'Revoke each: keywright keys revoke <key>. Removing it from a file is not enough.',
        )
      }
      if (!json) note('No key was found.')
    })
}

function findingText({ file, line, column, hint }: Finding): string {
  return `${printable(file)}:${line}:${column}  ${styled('red', printable(hint))}`
}

export function scanPaths(paths: readonly string[], formats: readonly CredentialFormat[]): Finding[] {
  return paths.flatMap((path) => filesIn(path)).flatMap((file) => findingsIn(file, textOf(file), formats))
}

/** Links are not followed: they lead out of what was asked for, or in circles. */
function filesIn(path: string): string[] {
  const stat = statOf(path)
  if (stat.isFile()) return stat.size <= mostBytes ? [path] : []
  if (!stat.isDirectory()) return []
  return readdirSync(path)
    .filter((name) => !skipped.has(name))
    .sort()
    .flatMap((name) => filesIn(join(path, name)))
}

function statOf(path: string) {
  try {
    return lstatSync(path)
  } catch {
    throw usageError(`${path} cannot be read.`, 'Check the path.')
  }
}

/** '' for what is no text. */
function textOf(file: string): string {
  const bytes = readFileSync(file)
  return bytes.subarray(0, 8_192).includes(0) ? '' : bytes.toString('latin1')
}

function findingsIn(file: string, text: string, formats: readonly CredentialFormat[]): Finding[] {
  const found = formats.flatMap((format) =>
    format
      .patterns()
      .filter(({ keyword }) => keyword !== '' && text.includes(keyword))
      .flatMap(({ regex }) => [...text.matchAll(new RegExp(`(?<![0-9A-Za-z_-])${regex}(?![0-9A-Za-z_-])`, 'g'))])
      .filter(([credential]) => format.parse(credential) >= 0)
      .map((match) => ({ index: match.index, hint: format.hint(match[0]) })),
  )
  return found
    .sort((a, b) => a.index - b.index)
    .map(({ index, hint }) => {
      const before = text.slice(0, index)
      const line = before.split('\n').length
      return { file, line, column: index - before.lastIndexOf('\n'), hint }
    })
}
