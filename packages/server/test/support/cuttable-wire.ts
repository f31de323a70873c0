import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Which way no byte passes: to the server, from it, or both. */
export type Way = 'there' | 'back' | 'both'

/** The way to a server, which can be cut without either side being told. */
export interface Wire {
  port: number
  /** No byte passes any more, on any connection; where `carried` is given, on those that have carried it. */
  cut(way?: Way, carried?: string): void
  /** Each piece waits for so long before it goes on. */
  slow(delayMs: () => number): void
  /** What was held back passes, and everything after it. */
  mend(): void
  /** All connections end, and new ones lead to another server. */
  leadTo(target: number): void
  close(): Promise<void>
}

interface Line {
  from: Socket
  to: Socket
  way: 'there' | 'back'
  connection: { carried: string }
  /** When the last piece goes on: none overtakes it. */
  passesAt: number
}

interface Cut {
  way: Way
  carried: string
}

const mostCarried = 4_096

export async function layWire(first: number): Promise<Wire> {
  const lines = new Set<Line>()
  let cuts: Cut[] = []
  let delayMs: (() => number) | null = null
  let target = first

  const isCut = ({ way, connection }: Line) =>
    cuts.some((cut) => (cut.way === 'both' || cut.way === way) && connection.carried.includes(cut.carried))

  function pass(line: Line, chunk: Buffer): void {
    const { connection, way, to } = line
    if (way === 'there' && connection.carried.length < mostCarried) connection.carried += chunk.toString('latin1')
    if (isCut(line)) {
      line.from.pause()
      line.from.unshift(chunk)
      return
    }
    const now = performance.now()
    if (delayMs === null && line.passesAt <= now) {
      to.write(chunk)
      return
    }
    line.passesAt = Math.max(line.passesAt, now + (delayMs?.() ?? 0))
    setTimeout(() => to.writable && to.write(chunk), line.passesAt - now)
  }

  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    const connection = { carried: '' }
    for (const [from, to, way] of [
      [near, far, 'there'],
      [far, near, 'back'],
    ] as const) {
      const line: Line = { from, to, way, connection, passesAt: 0 }
      lines.add(line)
      from.on('data', (chunk) => pass(line, chunk))
      from.on('end', () => to.end())
      from.on('error', () => to.destroy())
      from.on('close', () => {
        lines.delete(line)
        to.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut(way = 'both', carried = '') {
      cuts.push({ way, carried })
    },
    slow(each) {
      delayMs = each
    },
    mend() {
      cuts = []
      delayMs = null
      for (const { from } of lines) from.resume()
    },
    leadTo(other) {
      target = other
      for (const { from } of lines) from.destroy()
    },
    async close() {
      for (const { from } of lines) from.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
