/** What Keywright itself hands out besides API keys: service keys, CLI tokens and invitations. */
const ownPrefixes = ['kwo_', 'kwc_', 'kwi_']

/** Fewer characters than this after a prefix are a hint (`kw_live_…a3F9`), a form's name or a typing error. */
const shortestSecret = 8

/** Replaces whatever looks like a credential, wherever in a line it stands. */
export type Redact = (line: string) => string

/**
 * The second line of defence, behind "nothing secret is logged". Lengths are not fixed: a credential cut short,
 * doubled or glued to something else is still one.
 */
export function createRedaction(credentialPrefixes: readonly string[]): Redact {
  const prefixes = [...ownPrefixes, ...credentialPrefixes.filter((prefix) => prefix !== '')]
  const credentials = new RegExp(
    `(${prefixes.map(escaped).join('|')})[A-Za-z0-9._~+/=-]{${shortestSecret},}`,
    // `SK_LIVE_…` in a message is a credential that somebody's tool changed the case of.
    'gi',
  )
  return (line) =>
    line
      .replace(credentials, '$1[redacted]')
      .replace(authorization, '$1[redacted]')
      .replace(namedValue, '$1[redacted]$2')
      .replace(query, '?[redacted]')
}

const authorization = /\b((?:bearer|basic)\s+)(?!\[redacted\])[^\s"'\\,]+/gi

/** `"x-api-key":"…"`, `x-api-key: …`, `Cookie=…`, also where JSON was put into JSON. */
const namedValue =
  /((?:proxy-)?(?:authorization|x-api-key|cookie|set-cookie)(?:\\*["'])?\s*[:=]\s*(?:\[\s*)?(?:\\*["'])?)(?!\[redacted\])[^"'\\]*((?:\\*["'])?)/gi

/** `?` and what follows it in an address. */
const query = /(?<=[A-Za-z0-9/_.~%-])\?[A-Za-z0-9._~%[\]-]+=[^\s"'\\]*/g

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
