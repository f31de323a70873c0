import type { Contract, Key, UsageCount } from '@keywright/client'
import { neededBy } from '../keys/needed-by.ts'

const dayMs = 86_400_000
export const idleDays = 90

/** Made yesterday or before, and never let in. */
export function isNeverUsed({ createdAt, lastUsedAt }: Key, nowMs: number): boolean {
  return lastUsedAt === null && nowMs - Date.parse(createdAt) >= dayMs
}

export function isIdle({ lastUsedAt }: Key, nowMs: number): boolean {
  return lastUsedAt !== null && nowMs - Date.parse(lastUsedAt) >= idleDays * dayMs
}

/** What a key used and what it could leave: null where nothing is known to be superfluous. */
export interface Superfluous {
  unused: string[]
  kept: string[]
}

/**
 * Permissions of which no route was used. Where reading and writing share a route, using it counts for both: what is
 * recorded does not tell them apart, and nothing is taken away on a guess. A request whose route nobody told may have
 * needed any of them.
 */
export function superfluous(key: Key, contract: Contract, counts: readonly UsageCount[]): Superfluous | null {
  const used = new Set(counts.filter((count) => count.key === key.id).map(({ route }) => route))
  if (used.size === 0 || used.has('')) return null
  const offered = Object.keys(contract.permissions.offered)
  const held = key.permissions ?? offered
  // A pattern such as `templates:*` is nobody's to take apart.
  if (held.some((permission) => !offered.includes(permission))) return null
  const unused = held.filter((permission) => {
    const routes = neededBy(permission, contract).map((route) => route.slice(route.lastIndexOf(' ') + 1))
    return routes.length > 0 && !routes.some((route) => used.has(route) || used.has(patternOf(route, contract)))
  })
  if (unused.length === 0) return null
  return { unused, kept: held.filter((permission) => !unused.includes(permission)) }
}

/** Under which name a route with its variables filled in is counted. */
function patternOf(route: string, { routes }: Contract): string {
  const segments = route.split('/')
  const fits = (path: string) => {
    const pattern = path.split('/')
    return (
      pattern.length === segments.length && pattern.every((part, i) => /^\{\w+\}$/.test(part) || part === segments[i])
    )
  }
  return routes.find(({ path }) => fits(path))?.path ?? route
}
