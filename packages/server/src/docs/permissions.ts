import type { Contract, Route } from '@keywright/core'
import { blocks, inline, plain, table } from './markdown.ts'
import type { Page, Subject } from './subject.ts'
import { articleOf, either } from './words.ts'

export function permissionsPage({ contract }: Subject): Page {
  const { permissions, namespaces, routes, otherRoutes, docs, key } = contract
  const offered = Object.entries(permissions.offered)
  return {
    name: 'permissions',
    title: 'Permissions and routes',
    about: 'What a key may do, and what each route asks for.',
    markdown: blocks(
      '# Permissions and routes',
      offered.length === 0
        ? 'A key may be limited to permissions when it is made, and afterwards.'
        : 'Give a key no more than it needs. These can be chosen when it is made, and afterwards:',
      offered.length === 0
        ? null
        : table(
            ['permission', 'allows to'],
            offered.map(([name, about]) => [inline(name), plain(about)]),
          ),
      'A key without a list of permissions has all of them. One with an empty list has none. `reports:*` stands for all that begin with `reports:`, and `*` for everything.',
      permissions.byMakersRole === null ? null : byRole(permissions.byMakersRole),
      '## Routes',
      'The first row that matches a request counts. `**` is the path before it and everything below.',
      table(
        ['path', 'methods', 'asks for'],
        [
          ...routes.map((route) => [inline(route.path), route.methods?.join(', ') ?? 'all', needs(route)]),
          ['everything else', 'all', rest[otherRoutes]],
        ],
      ),
      key.forms.some(({ kind }) => kind === 'publishable')
        ? 'A publishable key is refused wherever no row names its kind.'
        : null,
      namespaces === null ? null : '## Namespaces',
      namespaces === null ? null : namespacesText(namespaces, docs.organization),
      '## Addresses',
      'A key can be limited to addresses and CIDR ranges. From anywhere else it is refused as [forbidden](refusals.md#forbidden).',
    ),
  }
}

const rest = {
  key: 'a key that is not limited to a list of permissions',
  not_found: 'is not there',
} as const

function needs({ permission, access, kinds }: Route): string {
  if (access === 'anonymous') return 'nothing: no key is looked at'
  const [first = ''] = kinds ?? []
  const kind = kinds === undefined ? 'a key' : `${articleOf(first)} ${either(kinds.map((name) => inline(name)))} key`
  if (permission === undefined) return kind
  const needed =
    typeof permission === 'string'
      ? inline(permission)
      : `${inline(permission.read)} to read (GET, HEAD), ${inline(permission.write)} for all else`
  return kinds === undefined ? needed : `${kind} with ${needed}`
}

function byRole(roles: NonNullable<Contract['permissions']['byMakersRole']>): string {
  return blocks(
    '## What its maker may do',
    'A key never does more than the person who made it, as things are now: when that person loses a role, the key loses it too, and when that person leaves, the key is refused.',
    table(
      ['role of the maker', 'permissions'],
      Object.entries(roles).map(([role, granted]) => [role, granted.map((name) => inline(name)).join(', ') || 'none']),
    ),
  ).trimEnd()
}

function namespacesText(
  { default: standard, body }: NonNullable<Contract['namespaces']>,
  organization: string,
): string {
  const where =
    body === null
      ? 'It is named in the path.'
      : `It is named in the path or, under ${inline(body.under)}, in the member ${inline(body.member)} of the JSON body of a POST, PUT or PATCH, and is ${inline(body.whenAbsent)} where the body has no such member. A request that names none in any of these ways is refused.`
  return `A key reaches the namespaces of its ${plain(organization)}, at first ${either(standard.map((name) => inline(name)))}, or those of its own list. ${where} A name is of ${inline('[a-z0-9][a-z0-9_-]{0,62}')}.`
}
