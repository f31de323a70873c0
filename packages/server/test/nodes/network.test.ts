import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Machine } from '../support/network/machine.ts'
import { layNetwork, type Network, type Server, type Wire } from '../support/network/network.ts'

/** Answers what it hears, and says it, with the port it comes from. */
const serving = `require('net').createServer((socket) => {
  socket.on('data', (data) => { console.log(socket.remotePort + ':' + data); socket.write(data) }).on('error', () => {})
}).listen(Number(process.argv[1]), process.argv[2], () => console.log('listening'))`
/** Sends what it is told, and says what it is answered, and when this begins and ends. */
const asking = `const socket = require('net').connect(Number(process.argv[1]), process.argv[2], () => console.log('connected'))
process.stdin.pipe(socket.setNoDelay()).pipe(process.stdout)
socket.on('error', () => {}).on('close', () => console.log('closed'))`

interface Program {
  child: ChildProcess
  heard(): string
  tell(text: string): void
}

let network: Network
let near: Machine
let far: Machine
let server: Server & { program: Program }
let wire: Wire
const programs: Program[] = []

beforeEach(async () => {
  network = await layNetwork()
  near = network.machine()
  far = network.machine()
  server = await serve(far)
  wire = await network.wire(near, server)
})
afterEach(async () => {
  await wire.mend()
  for (const { child } of programs.splice(0)) {
    const isOver = child.exitCode !== null || child.signalCode !== null
    child.kill('SIGKILL')
    if (!isOver) await once(child, 'exit')
  }
  await network.close()
})

function run(machine: Machine, source: string, ...words: string[]): Program {
  const { program, args } = machine.command(process.execPath, ['-e', source, ...words])
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  let heard = ''
  child.stdout.on('data', (data) => (heard += data))
  const started = { child, heard: () => heard, tell: (text: string) => void child.stdin.write(text) }
  programs.push(started)
  return started
}

async function serve(machine: Machine): Promise<Server & { program: Program }> {
  const port = await machine.portFor(5432)
  const program = run(machine, serving, String(port), machine.anyAddress)
  await untilHeard(program, 'listening')
  return { machine, port, program }
}

async function ask(): Promise<Program> {
  const program = run(near, asking, String(wire.port), wire.host)
  await untilHeard(program, 'connected')
  return program
}

async function untilHeard({ heard }: Program, text: string): Promise<void> {
  while (!heard().includes(text)) await sleep(10)
}

describe('a wire', () => {
  it.each([
    { way: 'there', isServed: false },
    { way: 'back', isServed: true },
    { way: 'both', isServed: false },
  ] as const)(
    'that is cut ($way) tells neither side, and brings everything once it is mended',
    async ({ way, isServed }) => {
      const client = await ask()
      await wire.cut(way)
      client.tell('first')
      if (isServed) await untilHeard(server.program, 'first')
      else await sleep(500)
      client.tell('second')
      await sleep(500)
      expect(server.program.heard().includes('first')).toBe(isServed)
      expect(client.heard()).toBe('connected\n')
      await wire.mend()
      await untilHeard(client, 'firstsecond')
    },
  )

  it('can be cut for one client alone', async () => {
    const [one, other] = [await ask(), await ask()]
    one.tell('before')
    await untilHeard(one, 'before')
    const port = Number(/(\d+):before/.exec(server.program.heard())?.[1])
    await wire.cut('both', port)
    one.tell('one')
    other.tell('other')
    await untilHeard(other, 'other')
    expect(server.program.heard()).not.toContain(':one')
    await wire.mend()
    await untilHeard(one, 'one')
  })

  it('that is slow or loses much brings everything in the end', { timeout: 120_000 }, async () => {
    await wire.delay(100)
    const client = await ask()
    client.tell('slow')
    await untilHeard(client, 'slow')
    await wire.mend()
    const other = await ask()
    // Each time in a row that a packet is lost, TCP waits twice as long: of more, some runs would take minutes.
    await wire.lose(0.1, Math.random)
    const pieces = Array.from({ length: 30 }, (_, index) => `${index}.`)
    for (const piece of pieces) {
      other.tell(piece)
      await sleep(10)
    }
    await untilHeard(other, pieces.join(''))
  })

  it('leads to another server, which knows of no connection', async () => {
    const client = await ask()
    const another = await serve(network.machine())
    await wire.leadTo(another)
    client.tell('lost')
    await untilHeard(client, 'closed')
    const next = await ask()
    next.tell('new')
    await untilHeard(next, 'new')
    expect(another.program.heard()).toMatch(/^listening\n\d+:new\n$/)
    expect(server.program.heard()).toBe('listening\n')
  })
})
