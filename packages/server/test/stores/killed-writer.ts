import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import type { Head } from '@keywright/core'

/** A writer in a process of its own, loaded and waiting for its turn. */
export interface Writer {
  /** Lets it go, kills it `delayMs` after it printed so many lines, `ready` included, and answers what it acknowledged. */
  killedAfter(lines: number, delayMs: number): Promise<Head[]>
  stop(): void
}

export function startWriter(file: string, prefix: string, cache: string): Writer {
  const script = join(import.meta.dirname, 'busy-writer.ts')
  const child = spawn(process.execPath, ['--conditions=keywright-source', script, file, prefix], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  })
  const closed = once(child, 'close')
  const printed: string[] = []
  const output = createInterface(child.stdout)
  output.on('line', (line) => printed.push(line))

  async function hasPrinted(lines: number): Promise<void> {
    while (printed.length < lines) {
      await Promise.race([once(output, 'line'), closed])
      if (child.exitCode !== null) throw new Error(`The writer ended by itself, with ${child.exitCode}.`)
    }
  }

  return {
    async killedAfter(lines, delayMs) {
      await hasPrinted(1)
      child.stdin.write('go\n')
      await hasPrinted(lines)
      await setTimeout(delayMs)
      child.kill('SIGKILL')
      await closed
      return printed.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
    },
    stop: () => child.kill('SIGKILL'),
  }
}
