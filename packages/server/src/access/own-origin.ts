const loopback = ['127.0.0.1', 'localhost', '[::1]']

/**
 * The origins whose pages are the console's. Where nobody has said how it is seen from outside, it is the address it is
 * bound to, which a browser on the same machine may call by any of its names.
 * @param bound asked each time: a port of 0 is known once it is open
 */
export function createOwnOrigin(consoleUrl: string | null, bound: () => string): (origin: string) => boolean {
  if (consoleUrl !== null) return (origin) => origin === consoleUrl
  return (origin) => {
    const own = new URL(bound())
    if (origin === own.origin) return true
    return loopback.includes(own.hostname) && loopback.some((name) => origin === `http://${name}:${own.port}`)
  }
}
