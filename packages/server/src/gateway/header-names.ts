/** Meant for one connection alone (RFC 9110 §7.6.1), with those that older software still sends. */
export const hopByHop = [
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/**
 * One spelling for all the names that a CGI-like server makes the same variable of: `X_Key_Id` and `x.key.id` are
 * `x-key-id` behind some servers, and so count as it here.
 */
export function fold(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/** What `Connection` names (RFC 9110 §7.6.1); null for the usual `keep-alive` and `close`. */
export function connectionOptions(value: string): Set<string> | null {
  if (value === 'keep-alive' || value === 'close') return null
  return new Set(value.split(',').map((option) => fold(option.trim())))
}

/** Decides once for each spelling of a name. Callers choose names, so what is remembered is bounded. */
export function remembering<T>(decide: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>()
  return (name) => {
    let verdict = known.get(name)
    if (verdict === undefined) {
      verdict = decide(name)
      if (known.size < 1024 && name.length <= 64) known.set(name, verdict)
    }
    return verdict
  }
}
