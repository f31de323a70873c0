/** Fewer characters than this after a prefix are a hint (`kw_live_…a3F9`), a form's name or a typing error. */
const shortestSecret = 8

/**
 * What looks like a credential with one of the prefixes, which is the first group. Lengths are not fixed: one that is cut
 * short, doubled or glued to something else is still one.
 */
export function credentialPattern(prefixes: readonly string[]): RegExp {
  const known = prefixes.filter((prefix) => prefix !== '').map(escaped)
  return new RegExp(
    `(${known.join('|') || '(?!)'})[A-Za-z0-9._~+/=-]{${shortestSecret},}`,
    // `SK_LIVE_…` in a message is a credential that somebody's tool changed the case of.
    'gi',
  )
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
