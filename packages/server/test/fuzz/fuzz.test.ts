import { expect, it } from 'vitest'
import { pages } from '../support/pages.ts'
import { fuzz } from './fuzz.ts'

// FUZZ_SEED repeats a run, but for the order in which answers come; `npm run test:fuzz` sends a million.
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32))
const requests = Math.ceil(Number(process.env.FUZZ_REQUESTS ?? 20_000) / pages.length)

it.each(pages)(
  `$contract answers whatever bytes come, and forwards only what it has let through (seed ${seed})`,
  async (page) => {
    const { faults, statuses } = await fuzz(page, { seed, requests })
    expect(faults, JSON.stringify(statuses)).toEqual([])
    for (const status of [200, 400, 401]) expect(statuses[status]).toBeGreaterThan(0)
  },
  300_000 + requests * 20,
)
