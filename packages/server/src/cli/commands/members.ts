import type { Keywright, Member, Role } from '@keywright/client'
import type { Command } from 'commander'
import { Argument } from 'commander'
import { confirm, textOr } from '../ask.ts'
import { CliError, exitCodes } from '../failure.ts'
import { counted } from '../print/count.ts'
import { printable } from '../print/escape.ts'
import { table } from '../print/table.ts'
import { note, print, printJson, styledNote } from '../print/terminal.ts'
import { on } from '../print/time.ts'
import { connect } from '../session.ts'
import { type ListOptions, listCommand, pagingOf, showList } from './list.ts'
import { chooseOrganization, onlyOrganization } from './projects.ts'

const roles = ['owner', 'admin', 'member'] as const
const whose: [string, string] = ['--organization <id>', 'whose; asked for where there are several']

interface Options {
  organization?: string
  json?: true
}

export function defineMembers(members: Command): void {
  listCommand(members, 'list who belongs to an organization')
    .option(...whose)
    .action(async (options: ListOptions & Options) => {
      const pages = connect().members.list(await organizationOf(options), pagingOf(options))
      return showList(pages, 'members', options, { none: 'Nobody belongs to it yet.', show: memberTable })
    })

  members
    .command('invite')
    .description('invite a person; the link is printed once')
    .option('--email <address>', 'the only address that may take the place')
    .addOption(members.createOption('--role <role>', 'what they may do').choices(roles).default('member'))
    .option(...whose)
    .option('--json', 'print what the API answered')
    .option('--quiet', 'print the link alone')
    .action(async (options: Options & { email?: string; role: Role; quiet?: true }) => {
      const client = connect()
      const email = await textOr(options.email, '--email', 'Whom? (an e-mail address)')
      const invitation = { email, role: options.role }
      const made = await client.members.invite(await organizationOf(options), invitation)
      const changed = { id: made.id, secretLost: 'Its link is lost. Invite the person once more.' }
      if (options.json) return printJson(made, changed)
      print(made.link, changed)
      if (!options.quiet)
        note(styledNote('yellow', `\nSend this to ${printable(email)}. It works once, for seven days.`))
    })

  members
    .command('role')
    .description('give a member another role')
    .argument('<person>', 'id or e-mail address')
    .addArgument(new Argument('<role>', 'what they may do').choices(roles))
    .option(...whose)
    .option('--json', 'print what the API answered')
    .action(async (person: string, role: Role, options: Options) => {
      const client = connect()
      const organization = await organizationOf(options)
      const user = await userOf(client, organization, person)
      const member = await client.members.update(organization, user, { role })
      const changed = { id: member.user }
      if (options.json) return printJson(member, changed)
      print(memberTable([member]), changed)
    })

  members
    .command('remove')
    .description('take a person out, and the keys they have made there as well')
    .argument('<person>', 'id or e-mail address')
    .option(...whose)
    .option('--dry-run', 'only count the keys')
    .option('--yes', 'do not ask')
    .option('--json', 'print what the API answered')
    .action(async (person: string, options: Options & { dryRun?: true; yes?: true }) => {
      const client = connect()
      const organization = await organizationOf(options)
      const user = await userOf(client, organization, person)
      const would = await client.members.remove(organization, user, { dryRun: true })
      const question = `Remove ${printable(person)}? That revokes ${counted(would.keys, 'key')}.`
      if (!options.dryRun) await confirm(question, options.yes)
      const done = options.dryRun ? would : await client.members.remove(organization, user)
      const changed = done.dryRun ? undefined : { id: done.user }
      if (options.json) return printJson(done, changed)
      const keys = counted(done.keys, 'key')
      print(
        done.dryRun
          ? `Nothing was changed. It would revoke ${keys}.`
          : `${printable(person)} is out. Revoked: ${keys}.`,
        changed,
      )
    })
}

async function organizationOf({ organization }: Options): Promise<string> {
  return organization ?? (await onlyOrganization()) ?? (await chooseOrganization())
}

async function userOf({ members }: Keywright, organization: string, person: string): Promise<string> {
  if (!person.includes('@')) return person
  for await (const { user, email } of members.list(organization)) {
    if (email === person.toLowerCase()) return user
  }
  throw new CliError(`${person} is no member of '${organization}'.`, null, exitCodes.notFound)
}

function memberTable(members: readonly Member[]): string {
  return table(
    ['ID', 'NAME', 'E-MAIL', 'ROLE', 'SINCE'],
    members.map(({ user, name, email, role, createdAt }) => [
      printable(user),
      printable(name ?? '–'),
      printable(email ?? '–'),
      role,
      on(createdAt),
    ]),
  )
}
