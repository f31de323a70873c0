import { type Flags, readSettings } from './config/read-settings.ts'
import { StartError } from './config/start-error.ts'
import { type Instance, startInstance } from './main.ts'

export interface ServeOptions {
  /** Called once both listeners are open. */
  onReady?: (instance: Instance) => void | Promise<void>
}

/**
 * Runs an instance until it is told to stop, and resolves with the exit code: 0 after SIGTERM or SIGINT, 1 where it
 * could not start, 2 where it was started wrongly.
 */
export async function serve(flags: Flags, { onReady }: ServeOptions = {}): Promise<0 | 1 | 2> {
  const folder = process.cwd()
  const stopped = untilToldToStop()
  try {
    const settings = await readSettings({ flags, env: process.env, folder })
    const instance = await startInstance(settings, { folder })
    await onReady?.(instance)
    await stopped
    await instance.stop()
    return 0
  } catch (error) {
    const hint = error instanceof StartError ? error.hint : null
    process.stderr.write(`error: ${error instanceof Error ? error.message : error}\n`)
    if (hint !== null) process.stderr.write(`hint: ${hint}\n`)
    return error instanceof StartError ? error.exitCode : 1
  }
}

/** A second signal is not waited for: it ends the process as if nobody listened. */
function untilToldToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
}
