import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { byChance, everything, ofPort } from './drop-filter.ts'
import type { Machine } from './machine.ts'
import type { Network, Server, Way, Wire } from './network.ts'
import { layWire, type RelayedWire } from './relayed-wire.ts'

/** Set apart for testing networks (RFC 2544): 64 addresses for each network that is laid. */
const range = '198.18.0.0/15'
const blocks = 2048
const blockSize = 64

/** Connections that a server does not know are made anew within this. */
const reconnectedAfterMs = 1_500

const prefix = 'keywright-'
/** Of everything this process has made: what is removed is gone a moment later. */
let made = 0

/** Whether this machine allows it, by trying all of it. */
export async function canNamespaces(): Promise<boolean> {
  if (process.platform !== 'linux') return false
  const network = layNamespaces()
  try {
    const [one, other] = [network.machine(), network.machine()]
    const { program, args } = one.command('true', [])
    execFileSync(program, args, { stdio: 'ignore' })
    const wire = await network.wire(one, { machine: other, port: 1 })
    await wire.lose(0.5, Math.random)
    return await refuses(one.address)
  } catch {
    return false
  } finally {
    await network.close()
  }
}

/** Whether it is there, and says that nobody listens: a firewall may be between. */
async function refuses(host: string): Promise<boolean> {
  const socket = connect({ host, port: 1, timeout: 1_000 })
  socket.on('timeout', () => socket.destroy(new Error('It does not answer.')))
  const error = await once(socket, 'error')
    .then(([reason]) => reason)
    .finally(() => socket.destroy())
  return error.code === 'ECONNREFUSED'
}

/** Each machine is a network namespace. What a run that was killed has left of its own goes first. */
export function layNamespaces(): Network {
  const namespaces = new Map<Machine, string>()
  const toHere: string[] = []
  let block: number | null = null
  let links = 0

  /** A name for both ends, and an address for each. */
  function nextLink(): { name: string; near: string; far: string } {
    block ??= freeBlock()
    const at = block * blockSize + 2 * links++
    if (2 * links > blockSize) throw new Error('This network has no address left.')
    return { name: `kw${process.pid}-${++made}`, near: addressAt(at), far: addressAt(at + 1) }
  }

  function machine(): Machine {
    if (namespaces.size === 0) removeLeft()
    const namespace = `${prefix}${process.pid}-${++made}`
    const { name, near, far } = nextLink()
    run('ip', null, `netns add ${namespace}`)
    const own: Machine = {
      address: far,
      anyAddress: '0.0.0.0',
      portFor: async (usual) => usual,
      command(program, args, user = null) {
        const as = user ? [`--setuid=${user.uid}`, `--setgid=${user.gid}`] : []
        const words = [`--net=/var/run/netns/${namespace}`, ...as, '--', program, ...args]
        return { program: 'nsenter', args: words, user: null }
      },
    }
    namespaces.set(own, namespace)
    toHere.push(name)
    run('ip', null, `link add ${name} type veth peer name ${name} netns ${namespace}`, ...up(name, near))
    run('ip', namespace, 'link set lo up', ...up(name, far))
    return own
  }

  async function wire(from: Machine, to: Server): Promise<Wire> {
    const { name, near, far } = nextLink()
    const nearEnd = namespaces.get(from) ?? null
    let server = to
    let farEnd = namespaces.get(to.machine) ?? null
    let relay: RelayedWire | null = null
    let undo: (() => void)[] = []
    run('ip', nearEnd, `link add ${name} type veth peer name ${name} netns ${farEnd ?? process.pid}`, ...up(name, near))
    run('ip', farEnd, ...up(name, far))

    function plugInto(namespace: string | null): void {
      run('ip', farEnd, `link set ${name} netns ${namespace ?? process.pid}`)
      farEnd = namespace
      run('ip', farEnd, ...up(name, far))
    }

    /** What arrives at an end is lost on the way: the sender is not told. */
    function drop(way: Way, whatOf: (way: Way) => string): void {
      for (const [toward, end] of [['there', farEnd] as const, ['back', nearEnd] as const]) {
        if (way !== 'both' && way !== toward) continue
        const filter = `filter add dev ${name} ingress protocol ip bpf bytecode ${whatOf(toward)} direct-action`
        run('tc', end, `qdisc add dev ${name} ingress`, filter)
        undo.push(() => run('tc', end, `qdisc del dev ${name} ingress`))
      }
    }

    function delayInKernel(ms: number): void {
      for (const end of [nearEnd, farEnd]) {
        run('tc', end, `qdisc add dev ${name} root netem delay ${ms}ms`)
        undo.push(() => run('tc', end, `qdisc del dev ${name} root`))
      }
    }

    return {
      host: far,
      port: to.port,
      async cut(way = 'both', port) {
        const what = (toward: Way) => ofPort(toward === 'there' ? 'source' : 'destination', port ?? 0)
        drop(way, port === undefined ? () => everything : what)
      },
      async lose(part) {
        drop('both', () => byChance(part))
      },
      async delay(ms) {
        try {
          delayInKernel(ms)
        } catch {
          // Not every kernel can: then the wire leads to a process here that has the server's address.
          plugInto(null)
          relay = await layWire({ address: server.machine.address, port: server.port }, { address: far, port: to.port })
          await sleep(reconnectedAfterMs)
          await relay.delay(ms)
        }
      },
      async mend() {
        for (const each of undo.splice(0)) each()
        if (!relay) return
        await relay.close()
        relay = null
        plugInto(namespaces.get(server.machine) ?? null)
      },
      async leadTo(other) {
        server = other
        undo = []
        plugInto(namespaces.get(other.machine) ?? null)
      },
    }
  }

  function remove(): void {
    for (const namespace of namespaces.values()) removeNamespace(namespace)
    for (const name of toHere.splice(0)) removeLink(name)
    namespaces.clear()
  }

  process.once('exit', remove)
  return {
    machine,
    wire,
    async close() {
      process.off('exit', remove)
      remove()
    },
  }
}

function up(name: string, address: string): string[] {
  return [`addr add ${address}/31 dev ${name}`, `link set ${name} up`]
}

/** @param namespace where; null: here */
function run(tool: 'ip' | 'tc', namespace: string | null, ...lines: string[]): void {
  const within = namespace === null ? [] : ['-n', namespace]
  execFileSync(tool, [...within, '-batch', '-'], { input: lines.join('\n'), stdio: 'pipe' })
}

/** Of others that lay networks at the same time, each begins to look elsewhere. */
function freeBlock(): number {
  const shown = execFileSync('ip', ['-4', '-o', 'addr', 'show', 'to', range], { encoding: 'utf8', stdio: 'pipe' })
  const taken = new Set(
    [...shown.matchAll(/inet 198\.(\d+)\.(\d+)\.(\d+)/g)].map(([, a, b, c]) =>
      Math.floor((((Number(a) - 18) * 256 + Number(b)) * 256 + Number(c)) / blockSize),
    ),
  )
  let block = process.pid % blocks
  while (taken.has(block)) block = (block + 1) % blocks
  return block
}

function addressAt(index: number): string {
  return [198, 18 + (index >> 16), (index >> 8) & 255, index & 255].join('.')
}

function removeLeft(): void {
  const isLeft = ([, pid]: RegExpExecArray) => !isAlive(Number(pid))
  const listed = (...words: string[]) => execFileSync('ip', words, { encoding: 'utf8', stdio: 'pipe' })
  const namespaces = listed('netns', 'list').matchAll(new RegExp(`^${prefix}(\\d+)-\\d+`, 'gm'))
  for (const [namespace] of [...namespaces].filter(isLeft)) removeNamespace(namespace)
  const links = listed('-o', 'link', 'show', 'type', 'veth').matchAll(/\bkw(\d+)-\d+/g)
  for (const [name] of [...links].filter(isLeft)) removeLink(name)
}

/** With what still runs in it, for it lives as long as that does. */
function removeNamespace(namespace: string): void {
  orGone(() => {
    const pids = execFileSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8', stdio: 'pipe' })
    for (const pid of pids.split('\n').filter(Boolean)) orGone(() => process.kill(Number(pid), 'SIGKILL'))
  })
  orGone(() => run('ip', null, `netns del ${namespace}`))
}

/** Where a connection has not ended yet, the namespace is there for a while, and the link with it. */
function removeLink(name: string): void {
  orGone(() => run('ip', null, `link del ${name}`))
}

/** Another run may have been quicker. */
function orGone(remove: () => void): void {
  try {
    remove()
  } catch {}
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
