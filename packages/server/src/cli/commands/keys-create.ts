import type { Contract, Keywright, Limit, NewKey } from '@keywright/client'
import type { Command } from 'commander'
import { choose, missing, textOr } from '../ask.ts'
import { usageError } from '../failure.ts'
import { printable } from '../print/escape.ts'
import { facts } from '../print/table.ts'
import { isInteractive, note, print, printJson, styledNote } from '../print/terminal.ts'
import { at } from '../print/time.ts'
import { collect, readExpiry, readLimit } from '../read.ts'
import { connect } from '../session.ts'
import { once } from './once.ts'
import { chooseOrganization, onlyOrganization } from './projects.ts'

interface Options {
  name?: string
  organization?: string
  project?: string
  kind?: string
  environment?: string
  permission?: string[]
  namespace?: string[]
  expires?: string
  limit?: Limit[]
  json?: true
  quiet?: true
}

export function addKeysCreate(keys: Command): void {
  keys
    .command('create')
    .description('issue a key; its credential is printed once')
    .option('--name <name>', 'what it is for')
    .option('--organization <id>', 'whose key it is')
    .option('--project <id>', 'the one project it is for')
    .option('--permission <permission>', 'what it may do; repeatable; without it, everything', collect)
    .option('--namespace <name>', 'what it may reach; repeatable; without it, everything', collect)
    .option('--expires <duration>', 'when it ends: 90d, 24h, or a date', readExpiry)
    .option('--limit <limit>', 'how often it may be used: 100/1m; repeatable', readLimit)
    .option('--kind <kind>', 'one of the kinds of the contract')
    .option('--environment <name>', 'one of the environments of the contract')
    .option('--json', 'print what the API answered')
    .option('--quiet', 'print the credential alone')
    .action(async (options: Options) => {
      const client = connect()
      const name = await textOr(options.name, '--name', 'What is the key for?')
      const { permission: permissions, namespace: namespaces, expires: expiresAt, limit: limits } = options
      const place = await placeOf(client, options)
      const { kind, environment } = options
      const key: NewKey = { ...place, name, kind, environment, permissions, namespaces, expiresAt, limits }
      const made = await client.keys.create(key, once())
      const changed = {
        id: made.id,
        secretLost: `Its credential is lost. Make another: keywright keys rotate ${made.id}`,
      }
      if (options.json) return printJson(made, changed)
      if (options.quiet) return print(made.credential, changed)
      print(
        facts([
          ['id', made.id],
          ['name', printable(made.name)],
          ['organization', printable(made.organization)],
          ...(made.project === null ? [] : [['project', made.project] as const]),
          ['expires', made.expiresAt === null ? 'never' : at(made.expiresAt)],
          ['credential', made.credential],
        ]),
        changed,
      )
      note(styledNote('yellow', '\nThe credential is shown this once. Put it where your secrets are.'))
    })
}

async function placeOf(
  client: Keywright,
  { organization, project }: Options,
): Promise<Pick<NewKey, 'organization' | 'project'>> {
  if (project !== undefined)
    return { project, organization: organization ?? (await client.projects.get(project)).organization }
  const { boundTo } = await client.contract()
  if (organization !== undefined && boundTo !== 'project') return { organization }
  if (!isInteractive()) {
    if (boundTo === 'project') throw missing('--project')
    throw usageError('--organization or --project is missing.', 'Add one; without a terminal nothing is asked.')
  }
  const chosen = organization ?? (await onlyOrganization()) ?? (await chooseOrganization())
  return { organization: chosen, project: await chooseProject(client, chosen, boundTo) }
}

async function chooseProject(
  client: Keywright,
  organization: string,
  boundTo: Contract['boundTo'],
): Promise<string | undefined> {
  const { projects } = await client.projects.list({ organization, limit: 200 }).page()
  if (projects.length === 0) return undefined
  return choose('--project', 'Which project?', async () => [
    ...(boundTo === 'project' ? [] : [{ value: undefined, label: 'the whole organization' }]),
    ...projects.map(({ id, name }) => ({ value: id, label: `${name} (${id})` })),
  ])
}
