import { type Flags, readSettings } from './config/read-settings.ts'
import type { Settings } from './config/settings.ts'
import { StartError } from './config/start-error.ts'
import type { Logger } from './log/logger.ts'
import { type Instance, startInstance } from './main.ts'

export type ExitCode = 0 | 1 | 2

/** A process that was broken may hang where others stop in time. */
const brokenEndsWithinMs = 10_000

/**
 * Runs an instance until it is told to stop, and resolves with the exit code: 0 after SIGTERM or SIGINT, 1 where it
 * could not start or an error that nobody caught has ended it, 2 where it was started wrongly.
 */
export async function serve(flags: Flags): Promise<ExitCode> {
  return saying(async () => {
    const settings = await settingsFrom(flags)
    await run(settings, async ({ operatorLink }) => {
      const link = await operatorLink().catch(sayNoLink)
      if (link !== null) process.stderr.write(`Open this once, within an hour, to become the operator: ${link}\n`)
    })
  })
}

export function settingsFrom(flags: Flags): Promise<Settings> {
  return readSettings({ flags, env: process.env, folder: process.cwd() })
}

/** The instance is up, and waits for its database. */
function sayNoLink(error: unknown): null {
  process.stderr.write(
    `Whether there is an operator cannot be told: ${error instanceof Error ? error.message : error}\n` +
      'Where there is none yet, start this again once the database is back, and it prints the link that makes you one.\n',
  )
  return null
}

/** `onReady` is called once both listeners are open. */
export async function run(settings: Settings, onReady?: (instance: Instance) => Promise<void>): Promise<void> {
  outliveTheLog()
  const stopped = untilToldToStop()
  const instance = await startInstance(settings, { folder: process.cwd() })
  const broken = untilBroken(instance.log)
  try {
    await onReady?.(instance)
    const error = await Promise.race([stopped, broken])
    if (error) throw error
  } finally {
    await instance.stop()
  }
}

/** Puts what went wrong where people look for it. */
export async function saying(work: () => Promise<void>): Promise<ExitCode> {
  try {
    await work()
    return 0
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : error}\n`)
    if (!(error instanceof StartError)) return 1
    process.stderr.write(`hint: ${error.hint}\n`)
    return error.exitCode
  }
}

/** A full disk, or a reader that is gone, costs lines of the log, and neither verifications nor counted use. */
function outliveTheLog(): void {
  // Among them the command line's own, which speaks of a result.
  process.stdout.removeAllListeners('error')
  process.stdout.once('error', ({ message }) => process.stderr.write(`The log cannot be written: ${message}\n`))
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

/**
 * Nobody knows what an error that nobody caught has left behind, so the process ends, to be started again. But not at
 * once: who made it must not cost others their answers, nor what was counted.
 */
function untilBroken(log: Logger): Promise<Error> {
  return new Promise((resolve) => {
    // A promise that nobody catches ends here too.
    process.on('uncaughtException', (error) => {
      log.error('an error that nobody caught ends the process', { error })
      setTimeout(() => process.exit(1), brokenEndsWithinMs).unref()
      resolve(new Error('Nobody caught an error, which stands in the log.'))
    })
  })
}

/** The same signal once more is not waited for: it ends the process as if nobody listened. */
function untilToldToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
}
