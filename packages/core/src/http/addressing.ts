import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { canonicalAddress, compileRanges } from '../key/address.ts'
import { believedHops } from '../key/client-address.ts'

/** Who a connection or a request comes from, as far as the proxies in between can be believed. */
export interface Addressing {
  /** Right-most address that is no trusted proxy; null where the peer has none. */
  clientOf: (request: IncomingMessage) => string | null
  /** `X-Forwarded-For` for the next hop: the chain as far as it can be believed, up to the peer. */
  chainOf: (request: IncomingMessage) => string | null
  isTrustedPeer: (request: IncomingMessage) => boolean
}

interface Peer {
  /** '' where there is none. */
  address: string
  trusted: boolean
}

/** @param trustedProxies addresses and CIDR ranges; empty: nobody is believed */
export function createAddressing(trustedProxies: readonly string[]): Addressing {
  const trusted = compileRanges(trustedProxies)
  // A connection has one peer, and many requests.
  const peers = new WeakMap<Duplex, Peer>()

  function peerOf({ socket }: IncomingMessage): Peer {
    let peer = peers.get(socket)
    if (peer === undefined) {
      const address = canonicalAddress(socket.remoteAddress ?? '') ?? ''
      peer = { address, trusted: trusted.has(address) }
      peers.set(socket, peer)
    }
    return peer
  }

  function hopsOf(request: IncomingMessage): string[] {
    const peer = peerOf(request)
    const chain = peer.trusted ? forwardedFor(request.rawHeaders) : null
    if (chain !== null) return believedHops({ peer: peer.address, forwardedFor: chain, trusted })
    return peer.address === '' ? [] : [peer.address]
  }

  return {
    clientOf: (request) => hopsOf(request)[0] ?? null,
    chainOf: (request) => hopsOf(request).join(', ') || null,
    isTrustedPeer: (request) => peerOf(request).trusted,
  }
}

/** All fields of the name, in the order they were sent. */
function forwardedFor(rawHeaders: readonly string[]): string | null {
  let chain: string | null = null
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length !== 15 || name.toLowerCase() !== 'x-forwarded-for') continue
    chain = chain === null ? (rawHeaders[i + 1] as string) : `${chain}, ${rawHeaders[i + 1]}`
  }
  return chain
}
