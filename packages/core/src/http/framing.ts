import type { IncomingMessage } from 'node:http'

/** A registered name or an address, with a port or without (RFC 9110 §7.2); never what a URL parser could cut elsewhere. */
const host = /^(?:[A-Za-z0-9._~-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/

/**
 * What Node's strict parser lets pass and two hops could still read differently: HTTP/0.9 and 2.0 in the writing of 1.1;
 * `Host` missing, sent twice or no host (RFC 9112 §3.2); a transfer coding beside or instead of `chunked`, or one in
 * HTTP/1.0 (RFC 9112 §6.1).
 */
export function isSoundlyFramed({ rawHeaders, httpVersionMajor, httpVersionMinor }: IncomingMessage): boolean {
  if (httpVersionMajor !== 1) return false
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 4) {
      if (name.toLowerCase() !== 'host') continue
      hosts++
      if (!host.test(rawHeaders[i + 1] as string)) return false
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (httpVersionMinor === 0 || (rawHeaders[i + 1] as string).toLowerCase() !== 'chunked') return false
    }
  }
  return hosts === 1 || (hosts === 0 && httpVersionMinor === 0)
}

/** Such a request has a body, though it may be empty (RFC 9112 §6.3). */
export function hasBody(rawHeaders: readonly string[]): boolean {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const { length } = rawHeaders[i] as string
    if (length !== 14 && length !== 17) continue
    const name = (rawHeaders[i] as string).toLowerCase()
    if (name === 'transfer-encoding' || (name === 'content-length' && rawHeaders[i + 1] !== '0')) return true
  }
  return false
}

/** The value of a header sent exactly once; null where it is absent; undefined where it is repeated. */
export function soleHeader(rawHeaders: readonly string[], name: string): string | null | undefined {
  let value: string | null = null
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const candidate = rawHeaders[i] as string
    if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue
    if (value !== null) return undefined
    value = rawHeaders[i + 1] as string
  }
  return value
}
