import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { canonicalAddress, clientAddress, compileRanges } from '@keywright/core'

/** Who a connection or a request comes from, as far as the proxies in between can be believed. */
export interface Addressing {
  /** Right-most address that is no trusted proxy; null where the peer has none. */
  clientOf: (request: IncomingMessage) => string | null
  /** `X-Forwarded-For` for the next hop: the chain as far as it can be believed, and the peer. */
  chainOf: (request: IncomingMessage) => string | null
  isTrustedPeer: (request: IncomingMessage) => boolean
}

/** @param trustedProxies addresses and CIDR ranges; empty: nobody is believed */
export function createAddressing(trustedProxies: readonly string[]): Addressing {
  const trusted = compileRanges(trustedProxies)
  const peers = new WeakMap<Duplex, string>()

  /** '' where there is none. A connection has one peer, and many requests. */
  function peerOf({ socket }: IncomingMessage): string {
    let peer = peers.get(socket)
    if (peer === undefined) {
      peer = canonicalAddress(socket.remoteAddress ?? '') ?? ''
      peers.set(socket, peer)
    }
    return peer
  }

  function forwardedFor({ headers }: IncomingMessage): string | undefined {
    const value = headers['x-forwarded-for']
    return Array.isArray(value) ? value.join(', ') : value
  }

  return {
    clientOf(request) {
      const peer = peerOf(request)
      if (peer === '') return null
      return trusted.has(peer) ? clientAddress({ peer, forwardedFor: forwardedFor(request), trusted }) : peer
    },
    chainOf(request) {
      const peer = peerOf(request)
      if (peer === '') return null
      const chain = trusted.has(peer) ? forwardedFor(request) : undefined
      return chain === undefined ? peer : `${chain}, ${peer}`
    },
    isTrustedPeer: (request) => trusted.has(peerOf(request)),
  }
}
