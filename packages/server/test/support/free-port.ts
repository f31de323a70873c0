import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below those that a system gives to who asks for any port, so that nobody is given one between here and its use; and so
 * far below that the same holds 10,000 above, where Redis in a cluster opens a second one.
 */
const first = 12_000
const count = 10_000

let next = Math.floor(Math.random() * count)

/** A port of this machine that nobody has, for a program that cannot choose one itself. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + (next++ % count)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
