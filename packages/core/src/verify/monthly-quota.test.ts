import { beforeEach, describe, expect, it } from 'vitest'
import type { Actor } from '../audit/event.ts'
import { parseContract } from '../contract/parse.ts'
import { compileFormat } from '../key/credential.ts'
import { createDigester } from '../key/digest.ts'
import { issue } from '../lifecycle/issue.ts'
import type { Lifecycle } from '../lifecycle/lifecycle.ts'
import { createOrganization, updateOrganization } from '../lifecycle/organization.ts'
import { publish } from '../lifecycle/publish.ts'
import type { Counters, Quota } from '../limit/counters.ts'
import { createMemoryCounters } from '../limit/memory.ts'
import { createMemoryQuotas, type MonthlyQuotas } from '../limit/monthly-quotas.ts'
import { createMemoryStore } from '../store/memory.ts'
import type { Denied, Outcome } from './outcome.ts'
import { createVerifier } from './verifier.ts'

const actor: Actor = { type: 'system', id: 'tests', triggeredBy: 'api', address: null, requestId: null }
const contract = parseContract({
  name: 'acme',
  key: { forms: [{ prefix: 'ak_' }] },
  plans: {
    small: { monthlyQuota: 3, limits: [] },
    limited: { monthlyQuota: 3, limits: [{ requests: 2, windowSeconds: 60, per: 'organization' }] },
    endless: { monthlyQuota: null, limits: [] },
  },
})

let nowMs: number
beforeEach(() => {
  nowMs = Date.UTC(2026, 10, 30, 23, 59, 0)
})

async function start({ quotas, counters }: { quotas?: MonthlyQuotas; counters?: Counters } = {}) {
  const opened = createMemoryStore()
  const verifier = createVerifier({
    contract,
    keys: opened,
    now: () => nowMs,
    ...(quotas && { quotas }),
    ...(counters && { counters }),
  })
  const store = publish(opened, verifier.apply)
  const format = compileFormat(contract.key)
  const lifecycle: Lifecycle = { contract, format, digester: createDigester(), store, now: () => new Date(nowMs) }
  return {
    async customer(plan: string) {
      const { organization } = await createOrganization(lifecycle, actor, { name: 'Acme', plan })
      const one = await issue(lifecycle, actor, { organization: organization.id, name: 'one' })
      const two = await issue(lifecycle, actor, { organization: organization.id, name: 'two' })
      return {
        use: async (cost = 1, { credential } = one) => verifier.verify({ credential, cost }),
        useTheOtherKey: async () => verifier.verify({ credential: two.credential }),
        agree: (terms: { plan?: string; monthlyQuota?: number | null }) =>
          updateOrganization(lifecycle, actor, organization.id, terms),
      }
    },
    verifier,
  }
}

function reason(outcome: Outcome): string | null {
  return outcome.allowed ? null : outcome.reason
}

describe("an organization's quota for the month", () => {
  it('is shared by all its keys, and by nobody else', async () => {
    const { customer } = await start()
    const acme = await customer('small')
    const other = await customer('small')
    expect(reason(await acme.use())).toBeNull()
    expect(reason(await acme.useTheOtherKey())).toBeNull()
    expect(reason(await acme.use())).toBeNull()
    expect(reason(await acme.useTheOtherKey())).toBe('quota_exceeded')
    expect(reason(await other.use())).toBeNull()
  })

  it('comes back with the next month in UTC, which is what Retry-After says', async () => {
    const { customer, verifier } = await start()
    const acme = await customer('small')
    await acme.use(3)
    const refused = (await acme.use()) as Denied
    expect(refused).toMatchObject({ reason: 'quota_exceeded', retryAfterMs: 60_000, limit: null })
    const { status, headers } = verifier.refuse(refused)
    expect({ status, retryAfter: headers['retry-after'] }).toEqual({ status: 429, retryAfter: '60' })

    nowMs += 59_999
    expect(reason(await acme.use())).toBe('quota_exceeded')
    nowMs += 1
    expect(reason(await acme.use(3))).toBeNull()
    expect(reason(await acme.use())).toBe('quota_exceeded')
  })

  it('is not had again where the clock steps back over the end of the month', async () => {
    const { customer } = await start()
    const acme = await customer('small')
    nowMs = Date.UTC(2026, 11, 1) - 20
    await acme.use(3)
    nowMs += 25
    expect(reason(await acme.use())).toBeNull()
    nowMs -= 15
    expect(reason(await acme.use(2))).toBeNull()
    expect(reason(await acme.use())).toBe('quota_exceeded')
    nowMs += 15
    expect(reason(await acme.use())).toBe('quota_exceeded')
  })

  it.each([
    ['before', Date.UTC(2026, 11, 1) - 1, Date.UTC(2026, 11, 1)],
    ['from which the clock was set back', Date.UTC(2026, 11, 1), Date.UTC(2026, 10, 30, 23, 58, 59)],
  ])('gets nothing back of what was charged to the month %s', async (_, takenMs, refusedMs) => {
    let refuse = () => {}
    const memory = createMemoryCounters()
    const late = new Promise<Quota>((resolve) => {
      refuse = () => resolve({ taken: false, states: [], retryAfterMs: 1000, refusedBy: 0 })
    })
    const taking = [late]
    const counters: Counters = {
      take: (...asked) => taking.pop() ?? memory.take(...asked),
      peek: memory.peek.bind(memory),
    }
    const { customer } = await start({ counters })
    const acme = await customer('limited')
    nowMs = takenMs
    const pending = acme.use()
    nowMs = refusedMs
    await acme.use(2)
    refuse()
    expect(reason(await pending)).toBe('rate_limited')
    await acme.agree({ plan: 'small' })
    expect(reason(await acme.use(2))).toBe('quota_exceeded')
    expect(reason(await acme.use())).toBeNull()
  })

  it('counts a request by its cost, and charges nothing for one that does not fit', async () => {
    const { customer } = await start()
    const acme = await customer('small')
    expect(reason(await acme.use(2))).toBeNull()
    expect(reason(await acme.use(2))).toBe('quota_exceeded')
    expect(reason(await acme.use(1))).toBeNull()
  })

  it('holds as soon as it is changed, and what was used before counts', async () => {
    const { customer } = await start()
    const acme = await customer('endless')
    await acme.use(5)
    await acme.agree({ monthlyQuota: 6 })
    expect(reason(await acme.use())).toBeNull()
    expect(reason(await acme.use())).toBe('quota_exceeded')
    await acme.agree({ monthlyQuota: null })
    expect(reason(await acme.use())).toBeNull()
    await acme.agree({ monthlyQuota: 0 })
    expect(reason(await acme.use())).toBe('quota_exceeded')
  })

  it('spends no limit when it refuses, and is not spent when a limit refuses', async () => {
    const { customer } = await start()
    const acme = await customer('limited')
    expect(reason(await acme.use(2))).toBeNull()
    expect(reason(await acme.use())).toBe('rate_limited')
    nowMs = Date.UTC(2026, 10, 30, 23, 59, 59)
    await acme.agree({ monthlyQuota: 2 })
    const overQuota = (await acme.use()) as Denied
    expect(overQuota.reason).toBe('quota_exceeded')
    expect(overQuota.limits).toMatchObject([{ remaining: 0 }])

    await acme.agree({ monthlyQuota: 3 })
    expect(reason(await acme.use())).toBe('rate_limited')
    nowMs = Date.UTC(2026, 11, 1, 0, 1, 0)
    expect(reason(await acme.use(2))).toBeNull()
  })

  it.each([
    ['refuse', async (): Promise<Quota> => ({ taken: false, states: [], retryAfterMs: 1000, refusedBy: 0 }), 3],
    ['let through', async (): Promise<Quota> => ({ taken: true, states: [], retryAfterMs: 0, refusedBy: -1 }), 2],
    ['cannot be reached', () => Promise.reject(new Error('Redis is away.')), 3],
    [
      'throw',
      () => {
        throw new Error('Redis is away.')
      },
      3,
    ],
  ])('is given back or kept as counters elsewhere %s', async (_, take: () => Promise<Quota>, left) => {
    let elsewhere: Counters['take'] = take
    const memory = createMemoryCounters()
    const counters: Counters = { take: (...asked) => elsewhere(...asked), peek: memory.peek.bind(memory) }
    const { customer } = await start({ counters })
    const acme = await customer('limited')
    await acme.use().catch(() => {})
    elsewhere = memory.take.bind(memory)
    await acme.agree({ monthlyQuota: 3 })
    expect(reason(await acme.use(2))).toBeNull()
    await acme.agree({ plan: 'small' })
    expect(reason(await acme.use())).toBe(left === 3 ? null : 'quota_exceeded')
  })

  it('starts from what the month has seen before this process, which is read once', async () => {
    const asked: string[] = []
    const quotas = createMemoryQuotas(async (_, month) => {
      asked.push(month)
      return 2
    })
    const { customer } = await start({ quotas })
    const acme = await customer('small')
    const together = await Promise.all([acme.use(), acme.use(), acme.useTheOtherKey()])
    expect(together.map(reason).sort()).toEqual([null, 'quota_exceeded', 'quota_exceeded'].sort())
    nowMs = Date.UTC(2026, 11, 1)
    expect(reason(await acme.use())).toBeNull()
    expect(reason(await acme.use())).toBe('quota_exceeded')
    expect(asked).toEqual(['2026-11', '2026-12'])
  })

  it('does not start the next month from what the last has seen, however late that is read', async () => {
    let answer = (_seen: number) => {}
    const november = new Promise<number>((resolve) => {
      answer = resolve
    })
    const quotas = createMemoryQuotas((_, month) => (month === '2026-11' ? november : 0))
    const { customer } = await start({ quotas })
    const acme = await customer('small')
    const waiting = acme.use()
    nowMs = Date.UTC(2026, 11, 1)
    expect(reason(await acme.use())).toBeNull()
    answer(3)
    expect(reason(await waiting)).toBeNull()
    expect(reason(await acme.use())).toBeNull()
    expect(reason(await acme.use())).toBe('quota_exceeded')
  })

  it('is an outage, not a denial, where that cannot be read; without a quota nothing is read', async () => {
    let isAway = true
    const quotas = createMemoryQuotas(async () => {
      if (isAway) throw new Error('The database is away.')
      return 2
    })
    const { customer } = await start({ quotas })
    const [acme, endless] = [await customer('small'), await customer('endless')]
    await expect(acme.use()).rejects.toThrow('The database is away.')
    expect(reason(await endless.use())).toBeNull()
    isAway = false
    expect(reason(await acme.use())).toBeNull()
    expect(reason(await acme.use())).toBe('quota_exceeded')
  })
})

describe('what is counted of a month', () => {
  it('is drained once, put back where it could not be written, and never lost over the end of a month', async () => {
    const quotas = createMemoryQuotas()
    const { customer } = await start({ quotas })
    const acme = await customer('endless')
    await acme.use(4)
    const drained = quotas.drain()
    expect(drained).toMatchObject([{ month: '2026-11', used: 4 }])
    expect(quotas.drain()).toEqual([])
    quotas.putBack(drained)
    await acme.use()
    nowMs = Date.UTC(2026, 11, 1)
    await acme.use(2)
    expect(quotas.drain()).toMatchObject([
      { month: '2026-11', used: 5 },
      { month: '2026-12', used: 2 },
    ])
  })

  it('is drained once for each month, also where several have ended since', async () => {
    const quotas = createMemoryQuotas()
    const { customer } = await start({ quotas })
    const acme = await customer('endless')
    for (const month of [10, 11, 12]) {
      nowMs = Date.UTC(2026, month, 30)
      await acme.use(month)
    }
    expect(quotas.drain()).toMatchObject([
      { month: '2026-11', used: 10 },
      { month: '2026-12', used: 11 },
      { month: '2027-01', used: 12 },
    ])
  })

  it('is one sum for each month, also of what is put back once its month is over', async () => {
    const quotas = createMemoryQuotas()
    const { customer } = await start({ quotas })
    const acme = await customer('endless')
    await acme.use(2)
    const drained = quotas.drain()
    await acme.use(5)
    nowMs = Date.UTC(2026, 11, 1)
    await acme.use()
    quotas.putBack(drained)
    expect(quotas.drain()).toMatchObject([
      { month: '2026-11', used: 7 },
      { month: '2026-12', used: 1 },
    ])
  })

  it('counts while it is being written, also where a quota was agreed on meanwhile', async () => {
    const quotas = createMemoryQuotas(() => 1)
    const { customer } = await start({ quotas })
    const acme = await customer('endless')
    await acme.use(3)
    quotas.drain()
    await acme.use(2)
    await acme.agree({ plan: 'small', monthlyQuota: 7 })
    expect(reason(await acme.use(2))).toBe('quota_exceeded')
    expect(reason(await acme.use())).toBeNull()
    expect(reason(await acme.use())).toBe('quota_exceeded')
  })

  it('counts where it was written while an older answer to what the month has seen was on its way', async () => {
    let answer = (_seen: number) => {}
    const before = new Promise<number>((resolve) => {
      answer = resolve
    })
    const quotas = createMemoryQuotas(() => before)
    const { customer } = await start({ quotas })
    const acme = await customer('endless')
    await acme.use(2)
    await acme.agree({ plan: 'small' })
    const waiting = acme.use()
    const drained = quotas.drain()
    quotas.settle(drained, drained)
    answer(0)
    expect(reason(await waiting)).toBeNull()
    expect(reason(await acme.use())).toBe('quota_exceeded')
  })

  it('counts once when it is written, with what came meanwhile', async () => {
    const quotas = createMemoryQuotas()
    const { customer } = await start({ quotas })
    const acme = await customer('small')
    await acme.agree({ monthlyQuota: 10 })
    await acme.use(2)
    const drained = quotas.drain()
    await acme.use()
    quotas.settle(
      drained,
      drained.map((use) => ({ ...use, used: 5 })),
    )
    expect(reason(await acme.use(4))).toBeNull()
    expect(reason(await acme.use())).toBe('quota_exceeded')
  })

  it('is that of the month to which the clock was set back', async () => {
    const quotas = createMemoryQuotas()
    const { customer } = await start({ quotas })
    const acme = await customer('endless')
    nowMs = Date.UTC(2026, 11, 1)
    await acme.use(2)
    nowMs = Date.UTC(2026, 10, 30, 23, 58, 59)
    await acme.use()
    expect(quotas.drain()).toMatchObject([
      { month: '2026-12', used: 2 },
      { month: '2026-11', used: 1 },
    ])
  })

  it('is nothing where a limit refuses in the first instant of the month', async () => {
    const quotas = createMemoryQuotas()
    const { customer } = await start({ quotas })
    const acme = await customer('limited')
    nowMs = Date.UTC(2026, 11, 1)
    expect(reason(await acme.use(3))).toBe('rate_limited')
    expect(quotas.drain()).toEqual([])
    await acme.agree({ plan: 'small' })
    expect(reason(await acme.use(3))).toBeNull()
  })

  it('is left out of an organization that is forgotten, whenever it was used, while others are kept', async () => {
    const quotas = createMemoryQuotas()
    const { customer } = await start({ quotas })
    const [gone, other] = [await customer('endless'), await customer('endless')]
    await gone.use(2)
    const drained = quotas.drain()
    await gone.use(3)
    await other.use(4)
    nowMs = Date.UTC(2026, 11, 1)
    await gone.use(5)
    await other.use(6)
    const organization = drained[0]?.organization ?? ''
    quotas.forget(organization)
    quotas.forget('nobody')
    quotas.settle(drained, [{ organization, month: '2026-12', used: 9 }])
    expect(quotas.drain()).toEqual([
      { organization: expect.not.stringContaining(organization), month: '2026-11', used: 4 },
      { organization: expect.not.stringContaining(organization), month: '2026-12', used: 6 },
    ])
  })

  it('is left out of an organization that was used only before the month in which it is forgotten', async () => {
    const quotas = createMemoryQuotas()
    const { customer } = await start({ quotas })
    const [gone, other] = [await customer('endless'), await customer('endless')]
    await gone.use(2)
    const [{ organization = '' } = {}] = quotas.drain()
    await gone.use(3)
    nowMs = Date.UTC(2026, 11, 1)
    await other.use(4)
    quotas.forget(organization)
    expect(quotas.drain()).toMatchObject([{ month: '2026-12', used: 4 }])
  })

  it('is written or not for an organization that was forgotten meanwhile', async () => {
    const quotas = createMemoryQuotas()
    const { customer } = await start({ quotas })
    const acme = await customer('small')
    await acme.use()
    const drained = quotas.drain()
    quotas.forget(drained[0]?.organization ?? '')
    quotas.settle(drained, drained)
    quotas.putBack(drained)
    expect(quotas.drain()).toEqual(drained)
  })

  it('is never put down to another organization that came after one was forgotten', async () => {
    const quotas = createMemoryQuotas()
    const { customer } = await start({ quotas })
    const gone = await customer('endless')
    await gone.use(2)
    const organization = quotas.drain()[0]?.organization ?? ''
    quotas.forget(organization)
    const other = await customer('small')
    await other.use()
    await gone.use(4)
    expect(reason(await other.use(2))).toBeNull()
    expect(quotas.drain()).toMatchObject([{ used: 3 }, { organization, used: 4 }])
  })

  it('is drained again once it is put back, and counts once', async () => {
    const quotas = createMemoryQuotas()
    const { customer } = await start({ quotas })
    const acme = await customer('small')
    await acme.use()
    const drained = quotas.drain()
    quotas.putBack(drained)
    quotas.settle(
      [],
      drained.map((use) => ({ ...use, used: 0 })),
    )
    expect(quotas.drain()).toEqual(drained)
    expect(reason(await acme.use(2))).toBeNull()
    expect(reason(await acme.use())).toBe('quota_exceeded')
  })

  it('is settled for its own month alone', async () => {
    const quotas = createMemoryQuotas()
    const { customer } = await start({ quotas })
    const acme = await customer('small')
    await acme.use(3)
    const drained = quotas.drain()
    nowMs = Date.UTC(2026, 11, 1)
    await acme.use()
    quotas.settle(drained, drained)
    expect(reason(await acme.use(2))).toBeNull()
    expect(reason(await acme.use())).toBe('quota_exceeded')
  })

  it('makes room for what other nodes have used, once it is settled', async () => {
    const quotas = createMemoryQuotas()
    const { customer } = await start({ quotas })
    const acme = await customer('small')
    await acme.use()
    const drained = quotas.drain()
    quotas.settle(
      drained,
      drained.map((use) => ({ ...use, used: use.used + 2 })),
    )
    expect(reason(await acme.use())).toBe('quota_exceeded')
  })
})
