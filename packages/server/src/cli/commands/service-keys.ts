import type { ServiceKey, ServicePermission } from '@keywright/client'
import type { Command } from 'commander'
import { confirm, textOr } from '../ask.ts'
import { usageError } from '../failure.ts'
import { printable } from '../print/escape.ts'
import { facts, table } from '../print/table.ts'
import { note, print, printJson, styled, styledNote } from '../print/terminal.ts'
import { on } from '../print/time.ts'
import { collect } from '../read.ts'
import { connect } from '../session.ts'
import { type ListOptions, listCommand, pagingOf, showList } from './list.ts'
import { once } from './once.ts'

interface CreateOptions {
  name?: string
  permission?: ServicePermission[]
  organization?: string
  json?: true
  quiet?: true
}

export function defineServiceKeys(serviceKeys: Command): void {
  listCommand(serviceKeys, 'list service keys').action((options: ListOptions) =>
    showList(connect().serviceKeys.list(pagingOf(options)), 'serviceKeys', options, {
      none: 'There are no service keys beside the one the server was started with.',
      show: serviceKeyTable,
    }),
  )

  serviceKeys
    .command('create')
    .description('issue a service key; its credential is printed once')
    .option('--name <name>', 'what it is for')
    .option('--permission <permission>', 'manage, verify, metrics or *; repeatable', collect)
    .option('--organization <id>', 'the only organization it reaches')
    .option('--json', 'print what the API answered')
    .option('--quiet', 'print the credential alone')
    .action(async ({ organization, permission: permissions, json, quiet, ...options }: CreateOptions) => {
      const client = connect()
      const name = await textOr(options.name, '--name', 'What is it for?')
      if (!permissions) throw usageError('--permission is missing.', 'Add --permission manage, verify, metrics or *.')
      const made = await client.serviceKeys.create({ name, permissions, organization }, once())
      const changed = {
        id: made.id,
        secretLost: `Its credential is lost. Revoke it, and create another: keywright service-keys revoke ${made.id}`,
      }
      if (json) return printJson(made, changed)
      if (quiet) return print(made.credential, changed)
      print(
        facts([
          ['id', made.id],
          ['name', printable(made.name)],
          ['permissions', made.permissions.join(', ')],
          ['organization', made.organization === null ? 'every one' : printable(made.organization)],
          ['credential', made.credential],
        ]),
        changed,
      )
      note(styledNote('yellow', '\nThe credential is shown this once. Put it where your secrets are.'))
    })

  serviceKeys
    .command('revoke')
    .description('refuse a service key for good')
    .argument('<service key>', 'svc_…')
    .option('--yes', 'do not ask')
    .option('--json', 'print what the API answered')
    .action(async (id: string, { yes, json }: { yes?: true; json?: true }) => {
      const client = connect()
      await confirm(`${printable(id)} will be refused for good. Revoke?`, yes)
      const revoked = await client.serviceKeys.revoke(id, once())
      if (json) return printJson(revoked, revoked)
      print(serviceKeyTable([revoked]), revoked)
    })
}

function serviceKeyTable(keys: readonly ServiceKey[]): string {
  return table(
    ['ID', 'NAME', 'PERMISSIONS', 'ORGANIZATION', 'STATE', 'KEY', 'CREATED'],
    keys.map(({ id, name, permissions, organization, revokedAt, hint, createdAt }) => [
      id,
      printable(name),
      permissions.join(', '),
      organization === null ? 'every one' : printable(organization),
      revokedAt === null ? styled('green', 'active') : styled('red', 'revoked'),
      printable(hint),
      on(createdAt),
    ]),
  )
}
