import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Api, controlApi } from './control-api.ts'
import { here } from './network/machine.ts'
import { serviceKey } from './start-server.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** A `keywright serve` in a process of its own. */
export interface TestNode {
  edge: string
  control: string
  api: Api
  child: ChildProcess
  log: () => string
  /** The status that a request with this credential gets at the edge; where it is let through, 404 for want of an upstream. */
  ask(credential: string): Promise<number>
  /** Resolves with the exit code once it has ended, by this signal or before. */
  end(signal: NodeJS.Signals): Promise<number | null>
  stop(): Promise<number | null>
}

/** One whose data folder goes with it. */
export async function startNode(
  database: string,
  env: Readonly<Record<string, string>> = {},
  machine = here,
): Promise<TestNode> {
  const folder = mkdtempSync(join(tmpdir(), 'keywright-node-'))
  const remove = () => rmSync(folder, { recursive: true })
  const node = await startOn(folder, { KEYWRIGHT_DATABASE_URL: database, ...env }, machine).catch((error: unknown) => {
    remove()
    throw error
  })
  node.child.once('close', remove)
  return node
}

/** One on a data folder that outlasts it. */
export async function startOn(
  folder: string,
  env: Readonly<Record<string, string>> = {},
  machine = here,
): Promise<TestNode> {
  const serve = ['serve', '--port', '0', '--control-port', '0', '--data', folder]
  const hosts = ['--host', machine.address, '--control-host', machine.address]
  const words = ['--conditions=keywright-source', main, ...serve, ...hosts]
  const { program, args } = machine.command(process.execPath, words)
  const child = spawn(program, args, {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: join(tmpdir(), 'keywright-test-compiled'),
      KEYWRIGHT_SERVICE_KEY: serviceKey,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  let log = ''
  child.stdout.on('data', (chunk) => (log += chunk))
  child.stderr.on('data', (chunk) => (log += chunk))
  let ready: RegExpExecArray | null = null
  while (ready === null) {
    await Promise.race([once(child.stdout, 'data'), closed])
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`The node ended: ${log}`)
    ready = /"edge":"(\S+?)","control":"(\S+?)".*"msg":"ready"/.exec(log)
  }
  const [, edge = '', control = ''] = ready
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    const [code] = await closed
    return code as number | null
  }
  return {
    edge,
    control,
    api: controlApi(control),
    child,
    log: () => log,
    async ask(credential) {
      const response = await fetch(`${edge}/v1/things`, { headers: { authorization: `Bearer ${credential}` } })
      await response.text()
      return response.status
    },
    end,
    stop() {
      child.kill('SIGCONT')
      return end('SIGTERM')
    },
  }
}

/** What it answers once it can tell: one that did not run for longer than it may be stale says 503 until it has caught up. */
export async function verdictOf(node: TestNode, credential: string): Promise<number> {
  for (;;) {
    const status = await node.ask(credential)
    if (status !== 503) return status
    await sleep(10)
  }
}
