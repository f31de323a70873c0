import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Way, Wire } from './network.ts'

export interface Target {
  address: string
  port: number
}

export interface RelayedWire extends Omit<Wire, 'leadTo'> {
  leadTo(other: Target): Promise<void>
  /** Over the connections there are, nothing passes any more, and neither end is told; new ones are well. */
  hush(): void
  /** New connections lead to the other; those there are go on as they were. */
  leadNewTo(other: Target): void
  close(): Promise<void>
}

interface Line {
  from: Socket
  to: Socket
  way: 'there' | 'back'
  /** What the server sees of the client. */
  far: Socket
  /** When the last piece goes on: none overtakes it. */
  passesAt: number
  isHushed: boolean
}

interface Cut {
  way: Way
  clientPort: number | undefined
}

/** What a lost packet costs until it is sent again. */
const resentAfterMs = (random: () => number) => 200 + random() * 400

/** A process between the two ends, where each piece can be kept back. */
export async function layWire(first: Target, at: Target = { address: '127.0.0.1', port: 0 }): Promise<RelayedWire> {
  const lines = new Set<Line>()
  let cuts: Cut[] = []
  let delayMs: (() => number) | null = null
  let target = first

  const isCut = ({ way, far, isHushed }: Line) =>
    isHushed ||
    cuts.some((cut) => (cut.way === 'both' || cut.way === way) && (cut.clientPort ?? far.localPort) === far.localPort)

  function pass(line: Line, chunk: Buffer): void {
    const { to } = line
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
    const far = connect(target.port, target.address)
    for (const [from, to, way] of [
      [near, far, 'there'],
      [far, near, 'back'],
    ] as const) {
      const line: Line = { from, to, way, far, passesAt: 0, isHushed: false }
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
  server.listen(at.port, at.address)
  await once(server, 'listening')
  return {
    host: at.address,
    port: (server.address() as AddressInfo).port,
    async cut(way = 'both', clientPort) {
      cuts.push({ way, clientPort })
    },
    async delay(ms) {
      delayMs = () => ms
    },
    async lose(part, random) {
      delayMs = () => (random() < part ? resentAfterMs(random) : 0)
    },
    async mend() {
      cuts = []
      delayMs = null
      for (const { from } of lines) from.resume()
    },
    async leadTo(other) {
      target = other
      for (const { from } of lines) from.destroy()
    },
    hush() {
      for (const line of lines) line.isHushed = true
    },
    leadNewTo(other) {
      target = other
    },
    async close() {
      for (const { from } of lines) from.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
