import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { ForeignKey, ImportedKeys, Keywright } from '@keywright/client'
import type { Command } from 'commander'
import { confirm } from '../ask.ts'
import { CliError, usageError } from '../failure.ts'
import { counted } from '../print/count.ts'
import { printable } from '../print/escape.ts'
import { progressBar } from '../print/progress.ts'
import { type Changed, isInteractive, note, print, printJson } from '../print/terminal.ts'
import { connect } from '../session.ts'
import { once } from './once.ts'

interface Line {
  number: number
  key: ForeignKey
}

interface Options {
  organization?: string
  dryRun?: true
  yes?: true
  json?: true
}

// Both below what one call takes: 1,000 keys in 4 MiB.
const mostKeys = 500
const mostCharacters = 1_000_000
const shownRefusals = 20

export function defineImport(command: Command): void {
  command
    .argument('<file>', 'one JSON object a line, or - for standard input')
    .option('--organization <id>', 'whose keys those are that name none')
    .option('--dry-run', 'check every line, and take over none')
    .option('--yes', 'do not ask')
    .option('--json', 'print what the API answered, one call a line')
    .addHelpText(
      'after',
      `
A line describes a key as \`keys create\` does, with the credential its holder has, or with the SHA-256 of that:
  {"organization":"acme","name":"Production","credential":"…"}
  {"organization":"acme","name":"Staging","digest":"<64 hexadecimal characters>","hint":"…a3F9"}
Every line is checked before the first is taken over. Run again, it goes on where it was broken off.`,
    )
    .action(async (file: string, { organization, dryRun, yes, json }: Options) => {
      if (file === '-' && isInteractive() && !yes && !dryRun)
        throw usageError('Nobody can be asked where the keys themselves are typed.', 'Add --yes, or name a file.')
      const batches = batchesOf(await readLines(file, organization))
      const count = batches.flat().length
      if (count === 0) return note('There is nothing in it to import.')
      const client = connect()
      const checked = await send(client, batches, { dryRun: true, name: 'checked' })
      if (json && (dryRun || total(checked, 'refused') > 0)) for (const answer of checked) printJson(answer)
      refuse(checked, batches)
      if (dryRun) {
        const known = total(checked, 'known')
        const here = `${known}${count === 1 ? '' : ' of them'} ${known === 1 ? 'is' : 'are'} here already`
        if (!json) print(`${counted(count, 'key')} can be taken over; ${here}.`)
        return
      }
      await confirm(`Take over ${counted(count, 'key')}?`, yes)
      // At once: a later call may fail, and each answer has the receipt of what is done.
      const onAnswer = json ? (answer: ImportedKeys) => printJson(answer, changedBy([answer])) : undefined
      const answers = await send(client, batches, { dryRun: false, name: 'taken over', onAnswer })
      refuse(answers, batches)
      if (json) return
      const [imported, known] = [total(answers, 'imported'), total(answers, 'known')]
      const taken = `${counted(imported, 'key')} ${imported === 1 ? 'is' : 'are'} taken over`
      print(`${taken}; ${known} ${known === 1 ? 'was' : 'were'} here already.`, changedBy(answers))
    })
}

/** What is wrong with a line is said without any of it. */
async function readLines(file: string, organization: string | undefined): Promise<Line[]> {
  const content = await contentOf(file)
  return content
    .split('\n')
    .map((line, at) => ({ line: line.trim(), number: at + 1 }))
    .filter(({ line }) => line !== '')
    .map(({ line, number }) => {
      const key = parsed(line)
      if (key === null) throw usageError(`Line ${number} is no JSON object.`, 'Write one object a line.')
      const isWhole = organization === undefined || Object.hasOwn(key, 'organization')
      return { number, key: isWhole ? key : { ...key, organization } }
    })
}

async function contentOf(file: string): Promise<string> {
  try {
    // Standard input does not block: whoever writes to it may need longer than one read waits.
    return await (file === '-' ? text(process.stdin) : readFile(file, 'utf8'))
  } catch {
    throw usageError(`${file} cannot be read.`, 'Check the path.')
  }
}

function parsed(text: string): ForeignKey | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ForeignKey) : null
  } catch {
    return null
  }
}

function batchesOf(lines: readonly Line[]): Line[][] {
  const batches: Line[][] = []
  let characters = mostCharacters
  for (const line of lines) {
    const length = JSON.stringify(line.key).length
    const last = batches.at(-1)
    if (last && last.length < mostKeys && characters + length <= mostCharacters) {
      last.push(line)
      characters += length
    } else {
      batches.push([line])
      characters = length
    }
  }
  return batches
}

async function send(
  client: Keywright,
  batches: readonly Line[][],
  {
    dryRun,
    name,
    onAnswer,
  }: { dryRun: boolean; name: string; onAnswer?: ((answer: ImportedKeys) => void) | undefined },
): Promise<ImportedKeys[]> {
  const onProgress = onAnswer && process.stdout.isTTY ? () => {} : progressBar()
  const of = batches.flat().length
  const answers: ImportedKeys[] = []
  let done = 0
  for (const batch of batches) {
    onProgress(name, done, of)
    const keys = batch.map(({ key }) => key)
    const answer = await client.keys.import(keys, { dryRun, ...once() })
    onAnswer?.(answer)
    answers.push(answer)
    done += batch.length
  }
  onProgress(name, done, of)
  return answers
}

/** @throws CliError where any line was refused, after saying which */
function refuse(answers: readonly ImportedKeys[], batches: readonly Line[][]): void {
  const refused = answers.flatMap(({ results }, batch) =>
    results.flatMap((result) =>
      result.status === 'refused'
        ? [{ line: batches[batch]?.[result.row]?.number ?? 0, detail: result.problem.detail }]
        : [],
    ),
  )
  if (refused.length === 0) return
  for (const { line, detail } of refused.slice(0, shownRefusals)) note(`line ${line}: ${printable(detail)}`)
  if (refused.length > shownRefusals) note(`… and ${refused.length - shownRefusals} more`)
  const taken = total(answers, 'imported')
  throw new CliError(
    `${refused.length} ${refused.length === 1 ? 'line is' : 'lines are'} refused; ${taken === 0 ? 'nothing was' : `${counted(taken, 'key')} ${taken === 1 ? 'was' : 'were'}`} taken over.`,
    'Correct them, or take them out, and run it again.',
  )
}

function changedBy(answers: readonly ImportedKeys[]): Changed | undefined {
  const receipt = answers.at(-1)?.receipt
  return receipt ? { id: `receipt ${receipt}` } : undefined
}

function total(answers: readonly ImportedKeys[], member: 'imported' | 'known' | 'refused'): number {
  return answers.reduce((sum, answer) => sum + answer[member], 0)
}
