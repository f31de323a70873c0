import { setTimeout as sleep } from 'node:timers/promises'

const everyMs = 3_600_000
/** Once a start has settled: one that is never up for an hour would delete nothing. */
const firstAfterMs = 60_000
const pauseMs = 20

export interface Hourly {
  /** Does all that there is to do now. */
  run(): Promise<void>
  stop(): void
}

/** In the background, `step` by step, each of which says whether there is more. */
export function startHourly(step: () => Promise<boolean>, onError: (error: unknown) => void): Hourly {
  let isStopped = false
  let isRunning = false
  const begin = () => void inBackground()
  const timers = [setTimeout(begin, firstAfterMs), setInterval(begin, everyMs)]
  for (const timer of timers) timer.unref()

  async function run(): Promise<void> {
    while (!isStopped && (await step())) await sleep(pauseMs)
  }

  /** What takes longer than an hour is not begun again beside itself: it would be twice as much at once. */
  async function inBackground(): Promise<void> {
    if (isRunning) return
    isRunning = true
    await run().catch(onError)
    isRunning = false
  }

  return {
    run,
    stop() {
      isStopped = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
