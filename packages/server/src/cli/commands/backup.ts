import { resolve } from 'node:path'
import type { Command } from 'commander'
import { shellWord } from '../../docs/languages.ts'
import { CliError } from '../failure.ts'
import { printable } from '../print/escape.ts'
import { progressBar } from '../print/progress.ts'
import { table } from '../print/table.ts'
import { note, print, printJson } from '../print/terminal.ts'

export function defineBackup(command: Command): void {
  command
    .argument('<folder>', 'a folder that is not there yet; afterwards it can be given to serve --data')
    .option('--data <dir>', 'data folder of the instance; as `serve` would choose it unless given')
    .option('--json', 'print what was copied as JSON')
    .action(async (to: string, { data, json }: { data?: string; json?: true }) => {
      const from = data ?? (await ownData())
      const { backup, BackupError } = await import('../../stores/backup.ts')
      const stopping = new AbortController()
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort(name))
      const places = { from: resolve(from), to: resolve(to) }
      const { files, head } = await backup({ ...places, onProgress: progressBar(), signal: stopping.signal }).catch(
        (error: unknown) => {
          if (!stopping.signal.aborted)
            throw error instanceof BackupError ? new CliError(error.message, error.hint) : error
          throw new CliError('The backup was broken off, and nothing is left of it.', null)
        },
      )
      const changed = { id: resolve(to) }
      if (json) return printJson({ folder: resolve(to), files, head }, changed)
      print(
        table(
          ['FILE', 'BYTES', 'ROWS'],
          files.map(({ name, bytes, rows }) => [name, String(bytes), String(sum(Object.values(rows)))]),
        ),
        changed,
      )
      note(
        `Copied and checked, up to change ${head.number}. It holds digests, no credential: keep the service key, the secret of sign-in and the peppers elsewhere. Where no variable gives them, the first two are in \`service-key\` and \`secret\` of the data folder.\nTo go back to it: keywright serve --data ${printable(shellWord(to))}`,
      )
    })
}

/** Of the instance that would start here: another folder may hold one that was put away. */
async function ownData(): Promise<string> {
  const { readSettings } = await import('../../config/read-settings.ts')
  const { data, database } = await readSettings({ flags: {}, env: process.env, folder: process.cwd() })
  if (database !== null) throw notHere()
  return data
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function notHere(): CliError {
  return new CliError(
    'This instance keeps its data in PostgreSQL, which has a backup of its own.',
    'Run `pg_dump --format=custom --file=keywright.dump` with its address, and go back to it with `pg_restore --clean --if-exists --single-transaction keywright.dump`.',
  )
}
