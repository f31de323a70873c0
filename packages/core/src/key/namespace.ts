/**
 * Whether a text can name an organization, a tenant or a namespace: `[a-z0-9][a-z0-9_-]{0,62}`. Nothing is folded or
 * trimmed, here or later: `Root`, `root/` and `root ` are no other spellings of `root` but no names at all.
 */
export function isSlug(text: string): boolean {
  if (text.length === 0 || text.length > 63) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const plain = (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39)
    if (!plain && (i === 0 || (code !== 0x2d && code !== 0x5f))) return false
  }
  return true
}

const mostNamespaces = 1000
/** Upstreams get such a list as one header, and many take no line longer than 8 KB, nor more than 16 in all. */
const longestJoined = 3500

/** What is wrong with so many namespaces of one organization, each of which is a slug; null: nothing. */
export function namespacesProblem(namespaces: readonly string[]): string | null {
  if (namespaces.length > mostNamespaces) return `At most ${mostNamespaces} can be listed.`
  if (new Set(namespaces).size < namespaces.length) return 'One of them is listed twice.'
  return joinedProblem(namespaces)
}

export function joinedProblem(list: readonly string[]): string | null {
  const { length } = list.join(' ')
  if (length <= longestJoined) return null
  return `Together these have ${length} characters, and upstreams are sent at most ${longestJoined}.`
}
