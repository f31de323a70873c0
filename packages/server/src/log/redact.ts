import { credentialPattern } from '@keywright/core'

/** What Keywright itself hands out besides API keys: service keys, CLI tokens and invitations. */
const ownPrefixes = ['kwo_', 'kwc_', 'kwi_']

/** Replaces whatever looks like a credential, wherever in a line it stands. */
export type Redact = (line: string) => string

/** The second line of defence, behind "nothing secret is logged". */
export function createRedaction(credentialPrefixes: readonly string[]): Redact {
  const credentials = credentialPattern([...ownPrefixes, ...credentialPrefixes])
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
