import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** Runs `keywright` in a process of its own, without a terminal; `pipe` is its standard input. */
export function keywright(
  args: readonly string[],
  { env = {}, cwd = process.cwd(), pipe = '' }: { env?: NodeJS.ProcessEnv; cwd?: string; pipe?: string } = {},
): Promise<Ran> {
  return run(process.execPath, ['--conditions=keywright-source', main, ...args], { env, cwd, input: '', pipe })
}

/** Starts one that waits for somebody, and answers once it has said what is needed. */
export async function startKeywright(
  args: readonly string[],
  { env, until }: { env: NodeJS.ProcessEnv; until: RegExp },
): Promise<{ said: () => string; end: () => Promise<number | null> }> {
  const { PATH } = process.env
  const child = spawn(process.execPath, ['--conditions=keywright-source', main, ...args], { env: { PATH, ...env } })
  let said = ''
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const isSaid = new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk) => {
      said += chunk
      if (until.test(said)) resolve()
    })
  })
  await Promise.race([isSaid, ended])
  return { said: () => said, end: () => ended }
}

/** Question and what is typed then, in their order; a text alone is typed at the first question. */
type Typed = string | readonly (readonly [question: string, keys: string])[]

/** The same at a terminal. */
export function keywrightAtTerminal(
  args: readonly string[],
  { env = {}, input }: { env?: NodeJS.ProcessEnv; input: Typed },
): Promise<Ran> {
  const command = [process.execPath, '--conditions=keywright-source', main, ...args]
    .map((word) => `'${word}'`)
    .join(' ')
  // Without a size, words are broken wherever they stand.
  const sized = `stty cols 120 rows 40; ${command}`
  return run('script', ['--quiet', '--return', '--command', sized, '/dev/null'], { env, cwd: process.cwd(), input })
}

function run(
  command: string,
  args: readonly string[],
  { env, cwd, input, pipe = '' }: { env: NodeJS.ProcessEnv; cwd: string; input: Typed; pipe?: string },
): Promise<Ran> {
  const { PATH, HOME } = process.env
  // Dozens of processes load the same files.
  const NODE_COMPILE_CACHE = join(tmpdir(), 'keywright-test-compiled')
  const child = spawn(command, args, { cwd, env: { PATH, HOME, NODE_COMPILE_CACHE, ...env } })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdin.on('error', () => {})
  if (input === '') child.stdin.end(pipe)
  else typeWhenAsked(child.stdout, child.stdin, typeof input === 'string' ? [['?', input]] : input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** A person reads the question before answering it. */
function typeWhenAsked(
  output: NodeJS.ReadableStream,
  stdin: NodeJS.WritableStream,
  answers: readonly (readonly [question: string, keys: string])[],
): void {
  const left = [...answers]
  let seen = ''
  output.on('data', (chunk) => {
    const [next] = left
    seen += chunk
    if (next === undefined || !seen.includes(next[0])) return
    seen = ''
    left.shift()
    setTimeout(() => stdin.write(next[1]), 100)
  })
}
