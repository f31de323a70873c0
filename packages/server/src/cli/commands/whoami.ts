import type { Whoami } from '@keywright/client'
import type { Command } from 'commander'
import { printable } from '../print/escape.ts'
import { facts } from '../print/table.ts'
import { print, printJson } from '../print/terminal.ts'
import { at } from '../print/time.ts'
import { connect, controlUrl } from '../session.ts'

export function defineWhoami(whoami: Command): void {
  whoami.option('--json', 'print what the API answered').action(async ({ json }: { json?: true }) => {
    const who = await connect().whoami()
    if (json) return printJson(who)
    print(facts([['at', controlUrl()], ...factsOf(who)]))
  })
}

type ApiKey = Extract<Whoami, { type: 'api_key' }>

function factsOf(who: Whoami): (readonly [string, string])[] {
  const name = ['name', printable(who.name)] as const
  if (who.type === 'service_key') {
    return [
      ['you are', `service key ${who.id}`],
      name,
      ['permissions', who.permissions.join(', ')],
      ['organization', who.organization === null ? 'every one' : printable(who.organization)],
    ]
  }
  if (who.type === 'user') {
    return [
      ['you are', `${printable(who.email)}${who.operator ? ', an operator of this instance' : ''}`],
      name,
      ...who.organizations.map(
        ({ id, name, role }) => ['organization', `${printable(name)} (${printable(id)}), as ${role}`] as const,
      ),
    ]
  }
  return [
    ['you are', `API key ${who.id}`],
    name,
    ['organization', printable(who.organization)],
    ['permissions', who.permissions === null ? 'all' : printable(who.permissions.join(', ')) || 'none'],
    ['expires', who.expiresAt === null ? 'never' : at(who.expiresAt)],
    ...(who.retiresAt === null ? [] : [['rotated, ends', at(who.retiresAt)] as const]),
    ...who.limits.map(
      ({ requests, windowSeconds, per, remaining }) =>
        ['limit', `${remaining} of ${requests} left in ${windowSeconds} s per ${per}`] as const,
    ),
    ...(who.monthlyQuota === null ? [] : [['month', monthOf(who.monthlyQuota)] as const]),
  ]
}

function monthOf({ requests, remaining, resetAt }: NonNullable<ApiKey['monthlyQuota']>): string {
  return `${remaining} of ${requests} left for the organization, new ones ${at(resetAt)}`
}
