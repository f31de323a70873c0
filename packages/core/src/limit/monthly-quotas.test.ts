import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createMemoryQuotas, type MonthlyUse, type MonthMeter, monthOf } from './monthly-quotas.ts'

/** Where nodes write down what they have counted, and read what all have: by month and organization. */
type Written = Map<string, number>

const organizations = ['org_a', 'org_a', 'org_a', 'org_b']
const jitterMs = 60_000
const nameOf = (month: string, organization: string) => `${month} ${organization}`

function add(sums: Written, name: string, used: number): void {
  sums.set(name, (sums.get(name) ?? 0) + used)
}

/** A node, and beside its quotas what they are to know: what it has let through, and what it has heard of others. */
function startNode(written: Written) {
  const own: Written = new Map()
  const ownWritten: Written = new Map()
  const ownSettled: Written = new Map()
  const meters = new Map<string, MonthMeter>()
  let month = ''
  let reads: { organization: string; month: string; seen: Seen; end: (seen: number | Error) => void }[] = []
  /** Of this month: others' use, and own use that is counted twice until it is settled. */
  let heard = new Map<string, { others: number; twice: number }>()
  let last: { meter: MonthMeter; cost: number; atMs: number } | null = null
  let batch: MonthlyUse[] | null = null
  let totals: (MonthlyUse & { others: number })[] | null = null

  type Seen = { total: number; own: number }
  const look = (name: string): Seen => ({ total: written.get(name) ?? 0, own: ownWritten.get(name) ?? 0 })

  const quotas = createMemoryQuotas(
    (organization, asked) =>
      new Promise((resolve, reject) => {
        const end = (seen: number | Error) => (typeof seen === 'number' ? resolve(seen) : reject(seen))
        reads.push({ organization, month: asked, seen: look(nameOf(asked, organization)), end })
      }),
  )

  function turn(nowMs: number): void {
    const start = month === '' ? Number.NEGATIVE_INFINITY : Date.parse(`${month}-01T00:00:00Z`)
    const { name } = monthOf(new Date(nowMs))
    if (name === month || (nowMs < start && nowMs >= start - jitterMs)) return
    month = name
    heard = new Map()
  }

  return {
    own,
    take(organization: string, quota: number | null, cost: number, nowMs: number) {
      turn(nowMs)
      const before = meters.get(organization)
      const meter = before?.quota === quota ? before : { organization, quota, slot: -1 }
      meters.set(organization, meter)
      const taken = quotas.take(meter, cost, nowMs)
      const known = heard.get(organization)
      const name = nameOf(month, organization)
      if (quota === null) expect(taken).toBe(true)
      else if (!known) expect(taken).toBeInstanceOf(Promise)
      else expect(taken).toBe((own.get(name) ?? 0) + known.others + known.twice + cost <= quota)
      if (taken instanceof Promise) taken.catch(() => {})
      if (taken !== true) return
      add(own, name, cost)
      last = { meter, cost, atMs: nowMs }
    },
    giveBack() {
      if (last === null) return
      const { meter, cost, atMs } = last
      quotas.giveBack(meter, cost, atMs)
      if (monthOf(new Date(atMs)).name === month) add(own, nameOf(month, meter.organization), -cost)
      last = null
    },
    look(nth: number) {
      const read = reads[nth % reads.length]
      if (read) read.seen = look(nameOf(read.month, read.organization))
    },
    async answer(nth: number, isAnswered: boolean) {
      const read = reads[nth % reads.length]
      if (!read) return
      reads = reads.filter((other) => other !== read)
      const name = nameOf(read.month, read.organization)
      const { seen } = read
      read.end(isAnswered ? seen.total : new Error('away'))
      await setImmediate()
      if (!isAnswered || read.month !== month || heard.has(read.organization)) return
      heard.set(read.organization, { others: seen.total - seen.own, twice: seen.own - (ownSettled.get(name) ?? 0) })
    },
    drain() {
      batch ??= quotas.drain()
    },
    write(isDone: boolean) {
      if (batch === null || totals !== null) return
      if (!isDone) {
        quotas.putBack(batch)
        batch = null
        return
      }
      totals = batch.map((use) => {
        const name = nameOf(use.month, use.organization)
        add(written, name, use.used)
        add(ownWritten, name, use.used)
        const { total, own } = look(name)
        return { ...use, used: total, others: total - own }
      })
    },
    settle() {
      if (batch === null || totals === null) return
      quotas.settle(batch, totals)
      for (const { organization, month: name, others } of totals) {
        const isRead = reads.some((read) => read.organization === organization && read.month === month)
        if (name === month && (heard.has(organization) || isRead)) heard.set(organization, { others, twice: 0 })
      }
      for (const { organization, month, used } of batch) add(ownSettled, nameOf(month, organization), used)
      batch = null
      totals = null
    },
  }
}

const often = ['take', 'drain', 'write', 'settle', 'answer', 'agree'] as const
const step = fc.record({
  does: fc.constantFrom(...often, ...often, 'take', 'take', 'take', 'answer', 'giveBack', 'look', 'wait'),
  node: fc.nat(1),
  organization: fc.constantFrom(...organizations),
  nth: fc.nat(3),
  succeeds: fc.boolean(),
})

it('of two nodes counts each request once, whatever fails or is late, and each admits what it knows to be left', async () => {
  const run = fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 120, size: 'max' }), async (steps) => {
    const written: Written = new Map()
    const nodes = [startNode(written), startNode(written)]
    const agreed = new Map<string, number | null>()
    let nowMs = Date.UTC(2026, 10, 30, 23, 59)
    let latestMs = nowMs
    for (const { does, node: number, organization, nth, succeeds } of steps) {
      const node = nodes[number] as ReturnType<typeof startNode>
      if (does === 'take') node.take(organization, agreed.get(organization) ?? null, nth + 1, nowMs)
      else if (does === 'agree') agreed.set(organization, [null, null, 10, 40][nth] as number | null)
      else if (does === 'wait') {
        // Back by a minute at most, in spite of which a month that has begun goes on.
        nowMs = Math.max(nowMs + ([-40, 50, 50, 31 * 86_400][nth] as number) * 1000, latestMs - jitterMs)
        latestMs = Math.max(latestMs, nowMs)
      } else if (does === 'look') node.look(nth)
      else if (does === 'answer') await node.answer(nth, succeeds)
      else if (does === 'write') node.write(succeeds)
      else node[does]()
    }
    const counted: Written = new Map()
    for (const node of nodes) {
      node.write(true)
      node.settle()
      node.drain()
      node.write(true)
      for (const [name, used] of node.own) add(counted, name, used)
    }
    for (const [name, used] of counted) expect(written.get(name) ?? 0, name).toBe(used)
  })
  await fc.assert(run, { numRuns: 1_000 })
})
