import type { Key, SecretVersion } from '@keywright/client'
import { printable } from '../print/escape.ts'
import { limitText } from '../print/limit.ts'
import { facts, table } from '../print/table.ts'
import { styled } from '../print/terminal.ts'
import { at, on } from '../print/time.ts'

const stateColours = { active: 'green', suspended: 'yellow', expired: 'yellow', revoked: 'red' } as const

function stateOf({ state }: Key): string {
  return styled(stateColours[state], state)
}

export function keyTable(keys: readonly Key[]): string {
  return table(
    ['ID', 'NAME', 'ORGANIZATION', 'STATE', 'KEY', 'EXPIRES', 'CREATED', 'LAST USED'],
    keys.map((key) => [
      key.id,
      printable(key.name),
      printable(key.organization),
      stateOf(key),
      printable(key.hint),
      key.expiresAt === null ? 'never' : on(key.expiresAt),
      on(key.createdAt),
      key.lastUsedAt === null ? 'never' : on(key.lastUsedAt),
    ]),
  )
}

export function keyFacts(key: Key): string {
  const rows: (readonly [string, string])[] = [
    ['id', key.id],
    ['name', printable(key.name)],
    ['state', stateOf(key)],
    ['organization', printable(key.organization)],
    ['project', key.project ?? '–'],
    ['kind', `${key.kind}, ${key.environment}`],
    ['permissions', listOf(key.permissions, 'all')],
    ['namespaces', listOf(key.namespaces, "the organization's")],
    ['addresses', listOf(key.allowedIps, 'any')],
    ['limits', limitsOf(key)],
    [
      'metadata',
      printable(
        Object.entries(key.metadata)
          .map(([name, value]) => `${name}=${value}`)
          .join(', '),
      ) || '–',
    ],
    ['made by', key.createdBy === null ? 'the operator, or a machine' : printable(key.createdBy)],
    ['created', at(key.createdAt)],
    ['expires', key.expiresAt === null ? 'never' : at(key.expiresAt)],
  ]
  if (key.suspendedAt !== null) rows.push(['suspended', at(key.suspendedAt)])
  if (key.revokedAt !== null) rows.push(['revoked', at(key.revokedAt)])
  if (key.revokedReason !== null) rows.push(['because', printable(key.revokedReason)])
  const versions = table(
    ['SECRET', 'KEY', 'CREATED', 'LAST USED', 'WORKS UNTIL'],
    key.versions.map((version) => [
      String(version.number),
      printable(version.hint),
      at(version.createdAt),
      version.lastUsedAt === null ? 'never' : at(version.lastUsedAt),
      worksUntil(version, key),
    ]),
  )
  return `${facts(rows)}\n\n${versions}`
}

/** No secret outlives its key, whatever grace it was given. */
function worksUntil({ retiresAt }: SecretVersion, { state, revokedAt, expiresAt }: Key): string {
  const isOver = state === 'revoked' || state === 'expired'
  const [ended] = [revokedAt, expiresAt].filter((end) => end !== null).sort()
  if (retiresAt !== null && (ended === undefined || retiresAt < ended)) return at(retiresAt)
  if (isOver) return state
  return ended === undefined ? 'replaced or revoked' : at(ended)
}

function listOf(items: readonly string[] | null, all: string): string {
  return items === null ? all : printable(items.join(', ')) || 'none'
}

function limitsOf({ limits, limitsBeside }: Key): string {
  if (limits === null) return 'the default'
  const own = limits.map(limitText).join(', ') || 'none'
  return limitsBeside ? `${own}, beside the default` : own
}
