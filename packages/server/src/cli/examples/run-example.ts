import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Example } from './read-examples.ts'

export interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

const runners: Readonly<Record<string, { file: string; command: (file: string) => readonly [string, ...string[]] }>> = {
  sh: { file: 'example.sh', command: (file) => ['sh', file] },
  ts: { file: 'example.mts', command: (file) => [process.execPath, file] },
  python: { file: 'example.py', command: (file) => ['python3', file] },
  go: { file: 'example.go', command: (file) => ['go', 'run', file] },
}

/** The first one that a language needs and this machine has not; null: everything is there. */
export class NotInstalled extends Error {
  readonly program: string
  constructor(program: string) {
    super(`${program} is not installed here.`)
    this.name = 'NotInstalled'
    this.program = program
  }
}

const mostMs = 120_000

/** Runs the code as it is printed, with the variables that it reads. @throws NotInstalled */
export async function runExample(
  { language, code }: Pick<Example, 'language' | 'code'>,
  variables: Readonly<Record<string, string>>,
): Promise<Ran> {
  const runner = runners[language]
  if (!runner) throw new NotInstalled(language)
  const folder = mkdtempSync(join(tmpdir(), 'keywright-example-'))
  try {
    const file = join(folder, runner.file)
    writeFileSync(file, code, { mode: 0o600 })
    const [program, ...args] = runner.command(file)
    return await run(program, args, { ...inherited(), ...variables })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Everything but what might hold a credential of ours. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KEYWRIGHT_')))
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  // Not the option of `spawn`: where there is no such program, its timer is never cleared and holds up the process.
  const tooLong = setTimeout(() => child.kill(), mostMs)
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => void out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => void err.push(chunk))
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(tooLong)
      reject(error.code === 'ENOENT' ? new NotInstalled(program) : error)
    })
    child.on('close', (code) => {
      clearTimeout(tooLong)
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() })
    })
  })
}
