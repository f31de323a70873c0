import { type KeyFilter, type Keywright, ProblemError, type RevokedKeys } from '@keywright/client'
import { type Command, Option } from 'commander'
import { confirm } from '../ask.ts'
import { CliError, type ExitCode, exitCodes } from '../failure.ts'
import { printable } from '../print/escape.ts'
import { facts } from '../print/table.ts'
import { note, print, printJson, styledNote } from '../print/terminal.ts'
import { at, lasting } from '../print/time.ts'
import { readGrace } from '../read.ts'
import { connect } from '../session.ts'
import { addKeysCallers } from './keys-callers.ts'
import { addKeysCreate } from './keys-create.ts'
import { keyFacts, keyTable } from './keys-show.ts'
import { type ListOptions, listCommand, pagingOf, showList } from './list.ts'
import { once } from './once.ts'

type KeyFilterOptions = Omit<KeyFilter, 'q' | 'cursor' | 'limit'> & { search?: string }

export function defineKeys(keys: Command): void {
  listCommand(keys, 'list keys')
    .option('--organization <id>', 'of this organization alone')
    .option('--project <id>', 'of this project alone')
    .addOption(
      new Option('--state <state>', 'in this state alone').choices(['active', 'suspended', 'expired', 'revoked']),
    )
    .option('--search <text>', 'whose id begins so; within an organization, a part of the name or of the key as shown')
    .addOption(
      new Option('--order <order>', 'within an organization').choices(['created', 'name', 'lastUsed', 'expires']),
    )
    .addOption(new Option('--direction <direction>', 'of that order').choices(['asc', 'desc']))
    .action((options: ListOptions & KeyFilterOptions) => {
      const { organization, project, state, search: q, order, direction } = options
      const filter = { organization, project, state, q, order, direction, ...pagingOf(options) }
      const isNarrowed = [project, state, q, options.cursor].some((value) => value !== undefined)
      return showList(connect().keys.list(filter), 'keys', options, {
        none: isNarrowed ? 'No key matches.' : noneOf(organization),
        show: keyTable,
      })
    })

  addKeysCreate(keys)

  keys
    .command('inspect')
    .description('show a key with its secret versions')
    .argument('<key>', 'key_…')
    .option('--json', 'print what the API answered')
    .action(async (id: string, { json }: { json?: true }) => {
      const key = await connect().keys.get(id)
      if (json) return printJson(key)
      print(keyFacts(key))
    })

  addKeysCallers(keys)
  addRotate(keys)
  addState(keys, 'suspend', 'refuse a key until it is resumed')
  addState(keys, 'resume', 'lift the suspension of a key')
  addEnding(keys)
}

/** A list does not tell an organization without keys from one that is not there. */
function noneOf(organization: string | undefined): string {
  if (organization === undefined) return 'There are no keys. Issue one: keywright keys create'
  return `No key matches. Check that there is '${printable(organization)}': keywright organizations list`
}

function addRotate(keys: Command): void {
  keys
    .command('rotate')
    .description('give a key a new secret; it is printed once')
    .argument('<key>', 'key_…')
    .option('--grace <duration>', 'how long the old secret goes on working: 24h; without it, not at all', readGrace)
    .option('--yes', 'do not ask')
    .option('--json', 'print what the API answered')
    .option('--quiet', 'print the credential alone')
    .action(async (id: string, options: { grace?: number; yes?: true; json?: true; quiet?: true }) => {
      const client = connect()
      const { grace: graceSeconds, yes, json, quiet } = options
      if (!graceSeconds) await confirm(`The present secret of ${printable(id)} ends at once. Rotate?`, yes)
      const rotated = await client.keys.rotate(id, { graceSeconds }, once()).catch(async (error: unknown) => {
        throw isAboutGrace(error) ? await graceError(client) : error
      })
      const changed = {
        id: rotated.id,
        secretLost: `Its new credential is lost. Make another: keywright keys rotate ${rotated.id}`,
      }
      if (json) return printJson(rotated, changed)
      if (quiet) return print(rotated.credential, changed)
      const retiring = rotated.retiring.map(
        ({ hint, retiresAt }) => ['old secret', `${printable(hint)} works until ${at(retiresAt)}`] as const,
      )
      print(facts([['id', rotated.id], ['credential', rotated.credential], ...retiring]), changed)
      note(styledNote('yellow', '\nThe credential is shown this once. Put it where your secrets are.'))
    })
}

function isAboutGrace(error: unknown): boolean {
  return error instanceof ProblemError && error.errors.some(({ field }) => field === 'graceSeconds')
}

async function graceError(client: Keywright): Promise<CliError> {
  const { rotation, title } = await client.contract()
  const { maxGraceSeconds: most } = rotation
  return most === 0
    ? new CliError(`${title} has no grace: an old secret ends at once.`, 'Leave out --grace.')
    : new CliError(`--grace is too long for ${title}.`, `Give it ${lasting(most)} at most.`)
}

function addState(keys: Command, verb: 'suspend' | 'resume', description: string): void {
  keys
    .command(verb)
    .description(description)
    .argument('<key>', 'key_…')
    .option('--json', 'print what the API answered')
    .action(async (id: string, { json }: { json?: true }) => {
      const key = await connect().keys[verb](id, once())
      if (json) return printJson(key, key)
      print(keyTable([key]), key)
    })
}

function addEnding(keys: Command): void {
  keys
    .command('revoke')
    .description('refuse keys for good, everywhere')
    .argument('<key...>', 'key_…, one or several')
    .option('--reason <text>', 'for the audit log')
    .option('--wait', 'until every node refuses them, as without it', true)
    .option('--no-wait', 'do not: the receipt tells which nodes have it')
    .option('--yes', 'do not ask')
    .option('--json', 'print what the API answered')
    .action(async (given: string[], { yes, ...options }: RevokeOptions & { yes?: true }) => {
      const client = connect()
      const ids = [...new Set(given)]
      const [only, ...others] = ids
      await confirm(`${ids.map(printable).join(', ')} will be refused for good. Revoke?`, yes)
      if (only !== undefined && others.length === 0) return revokeOne(client, only, options)
      return revokeSeveral(client, ids, options)
    })

  keys
    .command('delete')
    .description('revoke a key and hide it from lists')
    .argument('<key>', 'key_…')
    .option('--yes', 'do not ask')
    .option('--json', 'print what the API answered')
    .action(async (id: string, { yes, json }: { yes?: true; json?: true }) => {
      const client = connect()
      await confirm(`${printable(id)} will be refused for good and hidden. Delete?`, yes)
      const deleted = await client.keys.delete(id)
      if (json) return printJson(deleted, deleted)
      print(`${deleted.id} is revoked and deleted. Its audit stays.`, deleted)
    })
}

interface RevokeOptions {
  reason?: string
  wait: boolean
  json?: true
}

async function revokeOne(client: Keywright, id: string, { reason, wait, json }: RevokeOptions): Promise<void> {
  const revoked = await client.keys.revoke(id, { reason, ...(wait && { wait: 'all' }) }, once())
  if (json) return printJson(revoked, revoked)
  print(revokedText(revoked.id, wait), revoked)
  note(`receipt ${revoked.receipt}`)
}

/** In one transaction. What cannot be revoked leaves the others alone. */
async function revokeSeveral(
  client: Keywright,
  ids: readonly string[],
  { reason, wait, json }: RevokeOptions,
): Promise<void> {
  const answer = await client.keys.revokeMany(ids, { reason, ...(wait && { wait: 'all' }) }, once())
  const changed = answer.receipt === null ? undefined : { id: `receipt ${answer.receipt}` }
  if (json) printJson(answer, changed)
  else print(answer.results.map((result) => resultText(result, wait)).join('\n'), changed)
  if (answer.refused > 0)
    throw new CliError(`${answer.refused} of ${ids.length} keys are not revoked.`, null, exitCodeOf(answer))
  if (!json && answer.receipt !== null) note(`receipt ${answer.receipt}`)
}

/** Where none of them is there, it is as with one alone. */
function exitCodeOf({ results }: RevokedKeys): ExitCode {
  const isMissing = (result: RevokedKeys['results'][number]) =>
    result.status === 'refused' && result.problem.code === 'not_found'
  return results.every(isMissing) ? exitCodes.notFound : exitCodes.failed
}

function resultText(result: RevokedKeys['results'][number], waited: boolean): string {
  if (result.status !== 'refused') return revokedText(result.id, waited)
  return `${printable(result.id)} is not revoked: ${printable(result.problem.detail)}`
}

function revokedText(id: string, waited: boolean): string {
  return `${printable(id)} is revoked, and ${waited ? 'refused on every node' : 'on its way to every node'}.`
}
