import { createRequire } from 'node:module'
import { Command } from 'commander'
import { readTimeout } from './read.ts'
import { defaultTimeoutSeconds, waitAtMost } from './session.ts'

type Define = (command: Command) => void

interface Entry {
  name: string
  about: string
  load: () => Promise<Define>
}

/** Each brings what it needs only when it is called: the server's parts take longer to load than most commands run. */
const entries: readonly Entry[] = [
  {
    name: 'serve',
    about: 'run an instance',
    load: async () => (await import('./commands/serve.ts')).defineServe,
  },
  {
    name: 'login',
    about: 'act as yourself: a browser opens, and you let this machine in',
    load: async () => (await import('./commands/login.ts')).defineLogin,
  },
  {
    name: 'logout',
    about: 'end the login of this machine',
    load: async () => (await import('./commands/login.ts')).defineLogout,
  },
  {
    name: 'members',
    about: 'who belongs to an organization, and as what',
    load: async () => (await import('./commands/members.ts')).defineMembers,
  },
  {
    name: 'organizations',
    about: 'the customer accounts that keys belong to',
    load: async () => (await import('./commands/organizations.ts')).defineOrganizations,
  },
  {
    name: 'projects',
    about: 'subdivisions of an organization that keys may be bound to',
    load: async () => (await import('./commands/projects.ts')).defineProjects,
  },
  {
    name: 'keys',
    about: 'issue, inspect, rotate and revoke API keys',
    load: async () => (await import('./commands/keys.ts')).defineKeys,
  },
  {
    name: 'import',
    about: 'take over keys that your callers hold already',
    load: async () => (await import('./commands/import.ts')).defineImport,
  },
  {
    name: 'service-keys',
    about: "machines' credentials for the control side",
    load: async () => (await import('./commands/service-keys.ts')).defineServiceKeys,
  },
  {
    name: 'usage',
    about: 'how much was used, and how much was refused',
    load: async () => (await import('./commands/usage.ts')).defineUsage,
  },
  {
    name: 'decisions',
    about: 'the latest refusals, and what was let in',
    load: async () => (await import('./commands/decisions.ts')).defineDecisions,
  },
  {
    name: 'audit',
    about: 'what was changed, by whom',
    load: async () => (await import('./commands/audit.ts')).defineAudit,
  },
  {
    name: 'whoami',
    about: 'show who your credential is, and what it may do',
    load: async () => (await import('./commands/whoami.ts')).defineWhoami,
  },
  {
    name: 'doctor',
    about: 'find out why a key or a connection does not work',
    load: async () => (await import('./commands/doctor.ts')).defineDoctor,
  },
  {
    name: 'contract',
    about: 'how an API does API keys',
    load: async () => (await import('./commands/contract.ts')).defineContract,
  },
  {
    name: 'bench',
    about: 'measure how fast an instance answers whether a key is good',
    load: async () => (await import('./commands/bench.ts')).defineBench,
  },
  {
    name: 'docs',
    about: "write the documentation of your API's keys, and try out every line of it",
    load: async () => (await import('./commands/docs.ts')).defineDocs,
  },
  {
    name: 'scan',
    about: 'look for keys in files; exits 1 where there is one',
    load: async () => (await import('./commands/scan.ts')).defineScan,
  },
  {
    name: 'scan-rules',
    about: "write rules for a secret scanner, from the contract's key format",
    load: async () => (await import('./commands/scan-rules.ts')).defineScanRules,
  },
  {
    name: 'migrate',
    about: 'move an instance from its embedded database to PostgreSQL',
    load: async () => (await import('./commands/migrate.ts')).defineMigrate,
  },
  {
    name: 'backup',
    about: 'copy the embedded database while the instance runs, and check the copy',
    load: async () => (await import('./commands/backup.ts')).defineBackup,
  },
  {
    name: 'completion',
    about: 'write a completion script for your shell',
    load: async () => {
      const { defineCompletion } = await import('./commands/completion.ts')
      return (command) => defineCompletion(command, () => createProgram('all'))
    },
  },
]

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

/** The program with every command by name, of which those that `wanted` names, or all, can be called. */
export async function createProgram(wanted: readonly string[] | 'all'): Promise<Command> {
  const program: Command = new Command('keywright')
    .description('API keys for any HTTP API: issue, verify, limit, rotate and revoke them')
    .version(version)
    .option('--timeout <duration>', `how long to wait for an answer (default: ${defaultTimeoutSeconds}s)`, readTimeout)
    .hook('preAction', () => waitAtMost(program.opts<{ timeout?: number }>().timeout ?? null))
    // What goes wrong is said in one place, with the exit code that is promised for it.
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpText(
      'after',
      '\nTalks to KEYWRIGHT_URL (default http://127.0.0.1:8788) with KEYWRIGHT_SERVICE_KEY, or as the person who logged in here.\nExit codes: 0 done, 1 failed, 2 usage, 3 not signed in, 4 not found, 5 timed out.',
    )
  for (const { name, about, load } of entries) {
    const command = program.command(name).description(about)
    if (wanted === 'all' || wanted.includes(name)) (await load())(command)
  }
  return program
}
