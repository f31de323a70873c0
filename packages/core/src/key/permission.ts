// A permission is segments of `[a-z0-9][a-z0-9_.-]*` joined by `:`, as `sandboxes:read`. The last may be `*`: everything
// below it; `*` alone is everything. Permissions are compared as strings and never looked up as members of an object,
// so that `constructor` and `__proto__` are nothing but words nobody holds.

const longestPermission = 128

/** A sentence about what is wrong; null for a permission. */
export function permissionProblem(text: string): string | null {
  if (text === '') return 'It is empty.'
  if (text.length > longestPermission) return `It has more than ${longestPermission} characters.`
  const segments = text.split(':')
  for (const [i, segment] of segments.entries()) {
    if (segment === '*' && i === segments.length - 1) continue
    if (segment === '') return 'A segment is empty.'
    if (segment.includes('*')) return "'*' can only be the whole last segment."
    if (!isPermissionSegment(segment))
      return 'A segment begins with a-z or 0-9 and goes on with a-z, 0-9, hyphen, dot or underscore.'
  }
  return null
}

/**
 * Whether a name may stand between colons. Ask it of everything a path fills into a needed permission: with
 * `{resource}:read` and a resource of `templates:x`, holders of `templates:*` would reach what is no template.
 */
export function isPermissionSegment(text: string): boolean {
  return /^[a-z0-9][a-z0-9_.-]*$/.test(text)
}

/** Whether who holds these may do what needs that. null holds everything. */
export function grants(held: readonly string[] | null, needed: string): boolean {
  if (held === null) return true
  for (let i = 0; i < held.length; i++) if (includes(held[i] as string, needed)) return true
  return false
}

/** Whether all that is wanted is held: nobody gives more than they have. null is everything. */
export function covers(held: readonly string[] | null, wanted: readonly string[] | null): boolean {
  if (held === null) return true
  if (wanted === null) return held.includes('*')
  return wanted.every((permission) => grants(held, permission))
}

/** What both hold, as few permissions as say it. null is everything. */
export function intersect(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  if (a === null) return b
  if (b === null) return a
  const common = new Set([...a.filter((one) => grants(b, one)), ...b.filter((one) => grants(a, one))])
  return [...common].filter((one) => ![...common].some((other) => other !== one && includes(other, one)))
}

function includes(held: string, needed: string): boolean {
  if (held === needed || held === '*') return true
  const below = held.length - 1
  if (needed.length <= below || held.charCodeAt(below) !== 0x2a) return false
  for (let i = below - 1; i >= 0; i--) if (held.charCodeAt(i) !== needed.charCodeAt(i)) return false
  return held.charCodeAt(below - 1) === 0x3a
}
