import { mergeConfig } from 'vitest/config'
import base from './vitest.config.ts'

/**
 * The long fault tests, and the figures of `docs/reliability.md`: `npm run test:faults`, one file after the other.
 * `FAULT_REPETITIONS` is how often each repeats what it is about.
 */
const config = mergeConfig(base, { test: { testTimeout: 60 * 60_000, hookTimeout: 120_000, fileParallelism: false } })
const repetitions = Number(process.env.FAULT_REPETITIONS ?? 500)
config.test.projects = undefined
config.test.include = [
  'packages/server/test/faults/*.faults.ts',
  'packages/server/test/stores/*crash.test.ts',
  'packages/server/test/nodes/invariants.test.ts',
  'packages/server/test/nodes/flood.test.ts',
]
config.test.env = {
  KEYWRIGHT_CRASH_ROUNDS: String(repetitions),
  KEYWRIGHT_FAULT_ROUNDS: String(Math.ceil(repetitions / 100)),
  KEYWRIGHT_FLOOD: String(repetitions * 2_000),
}

export default config
