import type { Project } from '@keywright/client'
import type { Command } from 'commander'
import { choose, textOr } from '../ask.ts'
import { printable } from '../print/escape.ts'
import { table } from '../print/table.ts'
import { note, print, printJson } from '../print/terminal.ts'
import { on } from '../print/time.ts'
import { connect } from '../session.ts'
import { type ListOptions, listCommand, pagingOf, showList } from './list.ts'
import { once } from './once.ts'

export function defineProjects(projects: Command): void {
  listCommand(projects, 'list projects')
    .option('--organization <id>', 'of this organization alone')
    .action(({ organization, ...options }: ListOptions & { organization?: string }) =>
      showList(connect().projects.list({ ...pagingOf(options), organization }), 'projects', options, {
        none: noneOf(organization),
        show: projectTable,
      }),
    )

  projects
    .command('create')
    .description('create a project')
    .option('--name <name>', 'what people call it')
    .option('--organization <id>', 'whose project it is; asked for where there are several')
    .option('--json', 'print what the API answered')
    .option('--quiet', 'print the id alone')
    .action(async (options: { name?: string; organization?: string; json?: true; quiet?: true }) => {
      const client = connect()
      const name = await textOr(options.name, '--name', 'What is it called?')
      const organization = options.organization ?? (await onlyOrganization()) ?? (await chooseOrganization())
      const made = await client.projects.create({ organization, name }, once())
      if (options.json) return printJson(made, made)
      if (options.quiet) return print(made.id, made)
      print(projectTable([made]), made)
      note(`\nIssue a key for it: keywright keys create --project ${made.id} --name production`)
    })
}

/** A list does not tell an organization without projects from one that is not there. */
function noneOf(organization: string | undefined): string {
  if (organization === undefined) return 'There are no projects. Make one: keywright projects create --name "Website"'
  return `No project is there. Check that there is '${printable(organization)}': keywright organizations list`
}

/** Where there is one organization alone, nobody needs to name it. */
export async function onlyOrganization(): Promise<string | null> {
  const { organizations } = await connect().organizations.list({ limit: 2 }).page()
  return organizations.length === 1 ? (organizations[0]?.id ?? null) : null
}

export function chooseOrganization(): Promise<string> {
  return choose('--organization', 'Which organization?', async () => {
    const { organizations } = await connect().organizations.list({ limit: 200 }).page()
    return organizations.map(({ id, name }) => ({ value: id, label: `${name} (${id})` }))
  })
}

function projectTable(projects: readonly Project[]): string {
  return table(
    ['ID', 'NAME', 'ORGANIZATION', 'CREATED'],
    projects.map(({ id, name, organization, createdAt }) => [
      printable(id),
      printable(name),
      printable(organization),
      on(createdAt),
    ]),
  )
}
