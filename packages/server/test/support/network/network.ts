import { here, type Machine } from './machine.ts'
import { canNamespaces, layNamespaces } from './namespaces.ts'
import { layWire } from './relayed-wire.ts'

/** Which way nothing passes: to the server, from it, or both. */
export type Way = 'there' | 'back' | 'both'

export interface Server {
  machine: Machine
  port: number
}

/** The way of one machine to a server, and of nobody else. */
export interface Wire {
  /** What the server is called at the near end. */
  host: string
  port: number
  /** Nothing passes any more, and neither side is told; where a port is given, nothing of the client on that port. */
  cut(way?: Way, clientPort?: number): Promise<void>
  /** Everything takes so long, each way. */
  delay(ms: number): Promise<void>
  /** So much of everything is lost, each way. */
  lose(part: number, random: () => number): Promise<void>
  /** It is as it was. */
  mend(): Promise<void>
  /** The other server has taken over the address of the first, and knows of no connection. */
  leadTo(other: Server): Promise<void>
}

export interface Network {
  machine(): Machine
  wire(from: Machine, to: Server): Promise<Wire>
  close(): Promise<void>
}

/** A URL of a server, as it is from the near end. */
export function over(url: string, { host, port }: Pick<Wire, 'host' | 'port'>): string {
  return Object.assign(new URL(url), { hostname: host, port: String(port) }).href
}

let isReal: boolean | null = null

/** Of namespaces where the machine allows it: then the kernel loses packets. Elsewhere a process keeps them back. */
export async function layNetwork(): Promise<Network> {
  if (isReal === null) {
    isReal = await canNamespaces()
    process.stdout.write(`the network is cut by ${isReal ? 'the kernel, between namespaces' : 'a process'}\n`)
  }
  return isReal ? layNamespaces() : layOnThisMachine()
}

function layOnThisMachine(): Network {
  const wires: { close(): Promise<void> }[] = []
  return {
    machine: () => here,
    async wire(_, to) {
      const wire = await layWire({ address: to.machine.address, port: to.port })
      wires.push(wire)
      return { ...wire, leadTo: async ({ machine: { address }, port }) => wire.leadTo({ address, port }) }
    },
    async close() {
      await Promise.all(wires.map((wire) => wire.close()))
    },
  }
}
