import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { CliError, usageError } from '../failure.ts'
import { progressBar } from '../print/progress.ts'
import { table } from '../print/table.ts'
import { note, print, printJson } from '../print/terminal.ts'

export function defineMigrate(migrate: Command): void {
  migrate
    .requiredOption('--from <sqlite>', 'data folder of the instance, or its keywright.db; stop the instance first')
    .option('--to <postgres>', 'postgres://…, an empty database; KEYWRIGHT_DATABASE_URL unless given')
    .option('--json', 'print the counts as JSON')
    .action(async ({ from, to, json }: { from: string; to?: string; json?: true }) => {
      const url = to ?? process.env.KEYWRIGHT_DATABASE_URL
      if (!url) throw usageError('Where to is not said.', 'Name an empty database with --to or KEYWRIGHT_DATABASE_URL.')
      if (!existsSync(from))
        throw usageError(`There is no ${from}.`, 'Name the data folder, `.keywright` unless chosen.')
      const file = statSync(from).isDirectory() ? join(from, 'keywright.db') : from
      const people = join(dirname(file), 'people.db')
      const { moveToPostgres, MoveError } = await import('../../stores/move.ts')
      const { preparePeople } = await import('../../sign-in/prepare.ts')
      const moved = await moveToPostgres({
        from: file,
        peopleFrom: existsSync(people) ? people : null,
        to: url,
        preparePeople,
        onProgress: progressBar(),
      }).catch((error: unknown) => {
        throw error instanceof MoveError ? new CliError(error.message, error.hint) : error
      })
      if (json) return printJson({ moved })
      print(
        table(
          ['table', 'rows'],
          moved.map(({ table: name, rows }) => [name, String(rows)]),
        ),
      )
      note(
        'Moved, counted and checked. Start every node with --database, the same peppers, and as KEYWRIGHT_SECRET the one from before: it is in `secret` of the data folder where no variable gave it.',
      )
    })
}
