import type { Contract } from '@keywright/client'

/** The routes that ask for a permission: `GET /v1/sandboxes/**`. */
export function neededBy(permission: string, { routes }: Pick<Contract, 'routes'>): string[] {
  return routes.flatMap(({ path, methods, permission: needed }) => {
    if (needed === null) return []
    const sides =
      typeof needed === 'string'
        ? [[methods?.join(', ') ?? 'any method', needed]]
        : [
            ['GET', needed.read],
            ['other methods', needed.write],
          ]
    return sides.flatMap(([method = '', pattern = '']) => {
      const filled = fill(path, pattern, permission)
      return filled === null ? [] : [`${method} ${filled}`]
    })
  })
}

/** `/api/{resource}/**` where `{resource}:read` is `workers:read`. */
function fill(path: string, pattern: string, permission: string): string | null {
  const parts = pattern.split(/\{(\w+)\}/)
  const names = parts.filter((_, i) => i % 2 === 1)
  const source = parts
    .map((part, i) => (i % 2 === 0 ? part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&') : '([^:]+)'))
    .join('')
  const match = new RegExp(`^${source}$`).exec(permission)
  if (!match) return null
  return names.reduce((filled, name, i) => filled.replace(`{${name}}`, match[i + 1] ?? ''), path)
}
