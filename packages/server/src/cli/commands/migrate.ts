import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { CliError, usageError } from '../failure.ts'
import { progressBar } from '../print/progress.ts'
import { table } from '../print/table.ts'
import { note, print, printJson } from '../print/terminal.ts'

/** Of PostgreSQL, as SQL has it. */
const noSuchDatabase = '3D000'

export function defineMigrate(migrate: Command): void {
  migrate
    .requiredOption('--from <sqlite>', 'data folder of the instance, or its keywright.db; stop the instance first')
    .option('--to <postgres>', 'postgres://…, an empty database; KEYWRIGHT_DATABASE_URL unless given')
    .option('--json', 'print the counts as JSON')
    .action(async ({ from, to, json }: { from: string; to?: string; json?: true }) => {
      const url = to ?? process.env.KEYWRIGHT_DATABASE_URL
      if (!url) throw usageError('Where to is not said.', 'Name an empty database with --to or KEYWRIGHT_DATABASE_URL.')
      const { settings } = await import('../../config/settings.ts')
      const { error: unusable } = settings.database.read.safeParse(url)
      const where = to === undefined ? 'KEYWRIGHT_DATABASE_URL' : '--to'
      if (unusable) throw usageError(`${where} is not usable: ${unusable.issues[0]?.message}.`, `Change ${where}.`)
      if (!existsSync(from))
        throw usageError(`There is no ${from}.`, 'Name the data folder, `.keywright` unless chosen.')
      const file = statSync(from).isDirectory() ? join(from, 'keywright.db') : from
      const people = join(dirname(file), 'people.db')
      const { moveToPostgres, MoveError } = await import('../../stores/move.ts')
      const { explainPostgres } = await import('../../stores/explain-postgres.ts')
      const { DatabaseError } = await import('pg')
      const { DatabaseUnreachableError } = await import('../../stores/postgres-connection.ts')
      const { preparePeople } = await import('../../sign-in/prepare.ts')
      const { moved, before } = await moveToPostgres({
        from: file,
        peopleFrom: existsSync(people) ? people : null,
        to: url,
        preparePeople,
        onProgress: progressBar(),
      }).catch((error: unknown) => {
        if (error instanceof MoveError) throw new CliError(error.message, error.hint)
        if (error instanceof DatabaseUnreachableError)
          throw new CliError(error.message, `Start it, or correct ${where}, and move again.`)
        const known = explainPostgres(error)
        if (!known && error instanceof DatabaseError)
          throw new CliError(
            `PostgreSQL says: ${error.message}.`,
            'Put that right, and move again: it goes on where it was broken off.',
          )
        if (!known) throw error
        const { code } = error as { code?: string }
        const hint = code === noSuchDatabase ? `Make it: createdb ${databaseOf(url)}` : known.hint
        throw new CliError(known.message, hint.replace(/--database( or KEYWRIGHT_DATABASE_URL)?/, where))
      })
      const changed = { id: file }
      if (before)
        note(
          'It was moved there before, and nothing was copied now. Whatever the old instance has done since without an audit event, such as use, passwords and sessions, is not there: if you need it, move into another empty database.',
        )
      if (json) return printJson({ moved }, changed)
      print(
        table(
          ['table', 'rows'],
          moved.map(({ table: name, rows }) => [name, String(rows)]),
        ),
        changed,
      )
      note(
        `${before ? '' : 'Moved, counted and checked. '}Start every node with --database, the same peppers, and as KEYWRIGHT_SECRET the one from before: it is in \`secret\` of the data folder where no variable gave it. Then put that folder away: an instance that is started in it goes on by itself, with the keys of today.`,
      )
    })
}

/** As one writes it in a shell; where it is not that plain, the database has named it in its own words. */
function databaseOf(url: string): string {
  const { pathname } = URL.canParse(url) ? new URL(url) : {}
  return /^\/([\w-]+)$/.exec(pathname ?? '')?.[1] ?? '<name>'
}
