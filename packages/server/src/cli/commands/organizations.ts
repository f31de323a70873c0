import type { Organization } from '@keywright/client'
import type { Command } from 'commander'
import { textOr } from '../ask.ts'
import { printable } from '../print/escape.ts'
import { table } from '../print/table.ts'
import { note, print, printJson, styled } from '../print/terminal.ts'
import { on } from '../print/time.ts'
import { collect } from '../read.ts'
import { connect } from '../session.ts'
import { type ListOptions, listCommand, pagingOf, showList } from './list.ts'
import { once } from './once.ts'

export function defineOrganizations(organizations: Command): void {
  listCommand(organizations, 'list organizations')
    .option('--search <text>', 'a part of the name or the id')
    .action((options: ListOptions & { search?: string }) => {
      const { search: q } = options
      const none = 'There are no organizations. Make one: keywright organizations create --name "Acme"'
      return showList(connect().organizations.list({ ...pagingOf(options), q }), 'organizations', options, {
        none: q === undefined ? none : 'No organization matches.',
        show: organizationTable,
      })
    })

  organizations
    .command('create')
    .description('create an organization')
    .option('--name <name>', 'what people call it')
    .option('--id <slug>', 'an id of your choice, such as acme')
    .option('--plan <plan>', "one of the contract's plans")
    .option('--namespace <name>', 'what its keys may reach; repeatable', collect)
    .option('--json', 'print what the API answered')
    .option('--quiet', 'print the id alone')
    .action(
      async (options: {
        name?: string
        id?: string
        plan?: string
        namespace?: string[]
        json?: true
        quiet?: true
      }) => {
        const { id, plan, namespace: namespaces } = options
        const name = await textOr(options.name, '--name', 'What is it called?')
        const made = await connect().organizations.create({ id, name, plan, namespaces }, once())
        if (options.json) return printJson(made, made)
        if (options.quiet) return print(made.id, made)
        print(organizationTable([made]), made)
        note(`\nIssue a key for it: keywright keys create --organization ${made.id} --name production`)
      },
    )
}

function organizationTable(organizations: readonly Organization[]): string {
  return table(
    ['ID', 'NAME', 'STATE', 'PLAN', 'NAMESPACES', 'CREATED'],
    organizations.map(({ id, name, state, plan, namespaces, createdAt }) => [
      printable(id),
      printable(name),
      state === 'active' ? styled('green', state) : styled('yellow', state),
      plan ?? '–',
      namespaces ? printable(namespaces.join(', ')) : '–',
      on(createdAt),
    ]),
  )
}
