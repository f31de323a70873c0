import { connect, type Socket } from 'node:net'

/** A connection to the host and port of `url` that the other end may reset: whoever waits for its end sees it close. */
export function connectTo(url: string, { allowHalfOpen = false } = {}): Socket {
  const { hostname, port } = new URL(url)
  return connect({ host: hostname, port: Number(port), allowHalfOpen }).on('error', () => {})
}
