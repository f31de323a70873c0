import { mergeConfig } from 'vitest/config'
import base from './vitest.config.ts'

/** The long fault tests, and the figures of `docs/reliability.md`: `npm run test:faults`. One file after the other. */
const config = mergeConfig(base, { test: { testTimeout: 30 * 60_000, hookTimeout: 120_000, fileParallelism: false } })
config.test.include = ['packages/server/test/faults/*.faults.ts']

export default config
