import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const root = at('../')
const built = at('../../server/dist/web/index.html')
const lock = at('../../server/dist/.building-console')
const sources = ['../src', '../public', '../index.html', '../vite.config.ts', '../package.json', '../../client/src']

/** What the server serves is what the sources say: built anew where they are newer. Test files that start together build once. */
export async function buildConsole(): Promise<void> {
  if (isFresh() && !existsSync(lock)) return
  mkdirSync(at('../../server/dist/'), { recursive: true })
  while (!isTaken()) {
    await setTimeout(200)
    if (isFresh() && !existsSync(lock)) return
  }
  try {
    if (!isFresh()) await build()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

/** In a process of its own: here it would make what React is for its developers, who test. */
async function build(): Promise<void> {
  const vite = fileURLToPath(new URL('bin/vite.js', import.meta.resolve('vite/package.json')))
  const env = { ...process.env, NODE_ENV: 'production' }
  await promisify(execFile)(process.execPath, [vite, 'build', '--logLevel', 'error'], { cwd: root, env })
}

function isFresh(): boolean {
  const builtAt = statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return builtAt >= Math.max(...sources.map((path) => newest(at(path))))
}

function isTaken(): boolean {
  try {
    mkdirSync(lock)
    return true
  } catch {
    // Whoever was killed while building has left it behind.
    const takenAt = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Infinity
    if (Date.now() - takenAt > 120_000) rmSync(lock, { recursive: true, force: true })
    return false
  }
}

function newest(path: string): number {
  const { mtimeMs } = statSync(path)
  if (!statSync(path).isDirectory()) return mtimeMs
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}
