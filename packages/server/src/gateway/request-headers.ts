import { type Contract, credentialHeaders, identityHeaderNames } from '@keywright/core'
import { withoutOwnCookies } from '../http/own-cookies.ts'
import { connectionOptions, fold, hopByHop, remembering } from './header-names.ts'

/** Set by us or by nobody: an upstream believes them about who calls, from where, and for what. */
const spoofable = [
  ...identityHeaderNames,
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'x-rewrite-url',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-auth-status',
  // CGI makes HTTP_PROXY of it, which HTTP clients take for their proxy.
  'proxy',
]
const spoofablePrefixes = ['x-forwarded-', 'x-original-', 'x-middleware-']

/** A credential of any kind ends here, also one that this contract does not look at. */
const credentialNames = ['authorization', 'x-api-key']

/** Written anew for the connection to the upstream. */
const perConnection = ['host', 'expect']

export type FilterRequestHeaders = (rawHeaders: readonly string[]) => string[]

/** What of a caller's headers may reach the upstream: name, value, name, value, … */
export function compileRequestFilter(contract: Contract): FilterRequestHeaders {
  const dropped = new Set(
    [
      ...hopByHop,
      ...spoofable,
      ...credentialNames,
      ...perConnection,
      ...credentialHeaders(contract),
      ...Object.keys(contract.identityHeaders),
    ].map(fold),
  )
  const fateOf = remembering((name): 'kept' | 'dropped' | 'cookie' | 'connection' => {
    const folded = fold(name)
    if (folded === 'connection') return 'connection'
    if (dropped.has(folded) || spoofablePrefixes.some((prefix) => folded.startsWith(prefix))) return 'dropped'
    // A body was judged by the one spelling, and behind a CGI-like server would be read by the other.
    if (folded.startsWith('content-') && folded !== name.toLowerCase()) return 'dropped'
    return folded === 'cookie' ? 'cookie' : 'kept'
  })

  return (rawHeaders) => {
    const kept: string[] = []
    let named: Set<string> | null = null
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] as string
      const value = rawHeaders[i + 1] as string
      const fate = fateOf(name)
      if (fate === 'kept') {
        kept.push(name, value)
      } else if (fate === 'cookie') {
        const cookie = withoutOwnCookies(value)
        if (cookie !== null) kept.push(name, cookie)
      } else if (fate === 'connection') {
        const options = connectionOptions(value)
        if (options) named = new Set([...(named ?? []), ...options])
      }
    }
    return named === null ? kept : withoutNamed(kept, named)
  }
}

/** Only the caller's own headers are taken away by its `Connection`: ours are added afterwards. */
function withoutNamed(headers: readonly string[], named: ReadonlySet<string>): string[] {
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (!named.has(fold(name))) kept.push(name, headers[i + 1] as string)
  }
  return kept
}
