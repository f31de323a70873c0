import { mergeConfig } from 'vitest/config'
import base from './vitest.config.ts'

/**
 * The long fault tests, and the figures of `docs/reliability.md`: `npm run test:faults`, one file after the other.
 * `FAULT_REPETITIONS` is how often each repeats what it is about.
 */
const config = mergeConfig(base, { test: { testTimeout: 60 * 60_000, hookTimeout: 120_000, fileParallelism: false } })
config.test.include = ['packages/server/test/faults/*.faults.ts', 'packages/server/test/stores/*crash.test.ts']
config.test.env = { KEYWRIGHT_CRASH_ROUNDS: process.env.FAULT_REPETITIONS ?? '500' }

export default config
