import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createClient } from '@redis/client'
import { here, type Machine } from './network/machine.ts'

export interface TestRedis {
  url: string
  machine: Machine
  port: number
  child: ChildProcess
  command(...words: string[]): Promise<unknown>
  stop(): Promise<void>
}

/** A Redis of our own. Throws where there is none: these tests are not skipped. */
export async function startRedis(options: readonly string[] = [], machine = here): Promise<TestRedis> {
  const port = await machine.portFor(6379)
  const folder = mkdtempSync(join(tmpdir(), 'keywright-redis-'))
  const words = ['--port', String(port), '--bind', machine.anyAddress, '--protected-mode', 'no']
  words.push('--save', '', '--dir', folder, ...options)
  const { program, args } = machine.command('redis-server', words)
  const child = spawn(program, args, { stdio: 'ignore' })
  const exited = once(child, 'exit')
  const failed = once(child, 'error').then(() => {
    throw new Error('These tests need Redis: install it (Debian: apt-get install redis-server).')
  })
  const url = `redis://${machine.address}:${port}`
  const client = createClient({ url, socket: { reconnectStrategy: false } })
  client.on('error', () => {})
  const connect = async () => {
    for (;;) {
      try {
        return await client.connect()
      } catch {
        await setTimeout(30)
      }
    }
  }
  await Promise.race([connect(), failed])
  return {
    url,
    machine,
    port,
    child,
    command: (...command) => client.sendCommand(command),
    async stop() {
      client.destroy()
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      await exited
      rmSync(folder, { recursive: true })
    },
  }
}

/** Three masters, which share the keys between them. */
export async function startRedisCluster(): Promise<TestRedis[]> {
  const masters = await Promise.all([1, 2, 3].map(() => startRedis(['--cluster-enabled', 'yes'])))
  const [first] = masters as [TestRedis]
  const slots = 16_384
  for (const [index, master] of masters.entries()) {
    const from = Math.ceil((index * slots) / 3)
    const to = Math.ceil(((index + 1) * slots) / 3) - 1
    await master.command('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
    await master.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
    if (master !== first) await first.command('CLUSTER', 'MEET', '127.0.0.1', String(master.port))
  }
  for (const master of masters) {
    while (!String(await master.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) await setTimeout(50)
    while (!String(await master.command('CLUSTER', 'INFO')).includes('cluster_known_nodes:3')) await setTimeout(50)
  }
  return masters
}
