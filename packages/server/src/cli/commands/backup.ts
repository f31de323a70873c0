import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CliError } from '../failure.ts'
import { printable } from '../print/escape.ts'
import { progressBar } from '../print/progress.ts'
import { table } from '../print/table.ts'
import { note, print, printJson } from '../print/terminal.ts'

export function defineBackup(command: Command): void {
  command
    .argument('<folder>', 'a folder that is not there yet; afterwards it can be given to serve --data')
    .option('--data <dir>', 'data folder of the instance; KEYWRIGHT_DATA or ./.keywright unless given')
    .option('--json', 'print what was copied as JSON')
    .action(async (to: string, { data, json }: { data?: string; json?: true }) => {
      if (data === undefined && process.env.KEYWRIGHT_DATABASE_URL) throw notHere()
      const { backup, BackupError } = await import('../../stores/backup.ts')
      const from = data ?? (process.env.KEYWRIGHT_DATA || '.keywright')
      const { files, head } = await backup({ from: resolve(from), to: resolve(to), onProgress: progressBar() }).catch(
        (error: unknown) => {
          throw error instanceof BackupError ? new CliError(error.message, error.hint) : error
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
        `Copied and checked, up to change ${head.number}. It holds digests, no credential: keep the service key, the secret of sign-in and the peppers elsewhere. Where no variable gives them, the first two are in \`service-key\` and \`secret\` of the data folder.\nTo go back to it: keywright serve --data ${printable(to)}`,
      )
    })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function notHere(): CliError {
  return new CliError(
    'This instance keeps its data in PostgreSQL, which has a backup of its own.',
    'Run `pg_dump --format=custom --file=keywright.dump "$KEYWRIGHT_DATABASE_URL"`, and `pg_restore` to go back to it.',
  )
}
