import { type AddressRanges, canonicalAddress } from './address.ts'

// Each trusted hop costs a look, and the list is as long as its sender likes.
const mostHops = 32

interface Said {
  /** Of the connection. */
  peer: string
  /** `X-Forwarded-For`: all fields of the name, joined in the order they were sent. */
  forwardedFor: string
  trusted: AddressRanges
}

/**
 * From the client, the right-most hop that is not a trusted proxy, to the peer, each in the one spelling of
 * `canonicalAddress`; empty where the peer itself has no address (a Unix socket). Every address is vouched for by the hop
 * to its right alone, so what stands left of an untrusted one, or of one that is malformed, is hearsay and never looked at.
 */
export function believedHops({ peer, forwardedFor, trusted }: Said): string[] {
  const first = canonicalAddress(peer)
  if (first === null) return []
  const hops = [first]
  if (!trusted.has(first)) return hops

  for (let end = forwardedFor.length; hops.length <= mostHops && end >= 0; ) {
    const comma = end === 0 ? -1 : forwardedFor.lastIndexOf(',', end - 1)
    const hop = canonicalAddress(withoutSpace(forwardedFor.slice(comma + 1, end)))
    if (hop === null) break
    hops.unshift(hop)
    if (!trusted.has(hop)) break
    end = comma
  }
  return hops
}

/** Without the optional white space around list members (RFC 9110 §5.6.3), which is less than `trim` takes. */
function withoutSpace(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isSpace(text.charCodeAt(from))) from++
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}
