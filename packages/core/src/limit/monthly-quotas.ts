/** What one organization uses in a month. Made once and kept, like a meter. */
export interface MonthMeter {
  readonly organization: string
  /** Requests in a calendar month (UTC); null: unlimited, and counted all the same. */
  readonly quota: number | null
  /** The quotas' own bookkeeping, −1 before the first use. Nobody else reads or writes it. */
  slot: number
}

/** Where the requests of a month are counted. */
export interface MonthlyQuotas {
  /**
   * Charges `cost`, or nothing and answers false where the month has no room for it. A promise where it must be read
   * first what the month has seen: ask again once it resolves.
   */
  take(meter: MonthMeter, cost: number, nowMs: number): boolean | Promise<void>
  /** Undoes a take at that time: what a limit refuses does not count. */
  giveBack(meter: MonthMeter, cost: number, nowMs: number): void
}

/** What an organization has used in one month. */
export interface MonthlyUse {
  organization: string
  /** `2026-11`. */
  month: string
  used: number
}

export interface MemoryQuotas extends MonthlyQuotas {
  /** Takes out what was counted and not yet taken out, one for each organization and month. It is settled or put back. */
  drain(): MonthlyUse[]
  /** What could not be written down. */
  putBack(drained: readonly MonthlyUse[]): void
  /** After what was drained is written down: what the months have seen in all, others' use included. */
  settle(drained: readonly MonthlyUse[], totals: readonly MonthlyUse[]): void
  /** An organization that is gone for good. */
  forget(organization: string): void
}

/** What others, or this process before it started, have counted. */
export type UsedBefore = (organization: string, month: string) => number | Promise<number>

interface Line {
  organization: string
  /** In this month, as far as it is known here; null before it is. */
  used: number | null
  /** Part of it that is not drained yet. */
  fresh: number
  /** Part of it that is drained and not settled yet. */
  underway: number
  reading: Promise<void> | null
  /** Among those to be drained. */
  listed: boolean
}

/** A clock that is behind by more was set back; by less, the month that has begun goes on. */
const jitterMs = 60_000

const unused = { used: null, fresh: 0, underway: 0, reading: null, listed: false }

/** The first instant of the month of `now`, and of the one after. */
export function monthOf(now: Date): { name: string; startMs: number; endMs: number } {
  const year = now.getUTCFullYear()
  const month = now.getUTCMonth()
  const startMs = Date.UTC(year, month)
  return { name: new Date(startMs).toISOString().slice(0, 7), startMs, endMs: Date.UTC(year, month + 1) }
}

/** What could not be written when its month ended comes in parts: each organization and month once. */
function added(uses: readonly MonthlyUse[]): MonthlyUse[] {
  const sums = new Map<string, MonthlyUse>()
  for (const use of uses) {
    const name = `${use.month} ${use.organization}`
    sums.set(name, { ...use, used: use.used + (sums.get(name)?.used ?? 0) })
  }
  return [...sums.values()]
}

/**
 * Counts in memory, on top of what `usedBefore` answers when an organization with a quota is first seen in a month.
 * Several processes that count for one organization learn of each other's use when they settle: together they admit at
 * most the quota and what they let through between two settlements.
 */
export function createMemoryQuotas(usedBefore: UsedBefore = () => 0): MemoryQuotas {
  const lines: Line[] = []
  const slots = new Map<string, number>()
  const free: number[] = []
  let month = monthOf(new Date(0))
  /** Counted in a month that is over, or put back. */
  let left: MonthlyUse[] = []
  let listed: Line[] = []

  function turn(nowMs: number): void {
    for (const { organization, fresh } of listed) {
      if (fresh !== 0) left.push({ organization, month: month.name, used: fresh })
    }
    listed = []
    for (const line of lines) Object.assign(line, unused)
    month = monthOf(new Date(nowMs))
  }

  function lineOf(meter: MonthMeter): Line {
    const { organization } = meter
    const own = meter.slot < 0 ? undefined : lines[meter.slot]
    // A meter may outlive its organization, whose slot is given to another.
    if (own?.organization === organization) return own
    const known = slots.get(organization)
    meter.slot = known ?? free.pop() ?? lines.length
    if (known === undefined) {
      slots.set(organization, meter.slot)
      lines[meter.slot] = { organization, ...unused }
    }
    return lines[meter.slot] as Line
  }

  function list(line: Line): void {
    if (line.listed) return
    line.listed = true
    listed.push(line)
  }

  function charge(line: Line, cost: number): void {
    line.fresh += cost
    if (line.used !== null) line.used += cost
    list(line)
  }

  /** A promise while it is read; null once it is known. */
  function read(line: Line): Promise<void> | null {
    if (line.reading) return line.reading
    const asked = month
    const know = (before: number) => {
      // Of what is under way, the answer may hold all or nothing: counted twice until settled, never left out.
      // What was settled since it was asked for is newer.
      if (asked === month) line.used ??= before + line.fresh + line.underway
    }
    const before = usedBefore(line.organization, month.name)
    if (typeof before === 'number') {
      know(before)
      return null
    }
    const reading = before.then(know).finally(() => {
      if (asked === month) line.reading = null
    })
    line.reading = reading
    return reading
  }

  return {
    take(meter, cost, nowMs) {
      if (nowMs >= month.endMs || nowMs < month.startMs - jitterMs) turn(nowMs)
      const line = lineOf(meter)
      const { quota } = meter
      if (quota !== null) {
        const reading = line.used === null ? read(line) : null
        if (reading) return reading
        if ((line.used ?? 0) + cost > quota) return false
      }
      charge(line, cost)
      return true
    },
    giveBack(meter, cost, nowMs) {
      // What was taken just before this month began may have been charged to the one before.
      if (nowMs < month.endMs && nowMs >= month.startMs) charge(lineOf(meter), -cost)
    },
    drain() {
      const uses = left
      left = []
      for (const line of listed) {
        line.listed = false
        if (line.fresh === 0) continue
        uses.push({ organization: line.organization, month: month.name, used: line.fresh })
        line.underway += line.fresh
        line.fresh = 0
      }
      listed = []
      return added(uses)
    },
    putBack(drained) {
      left = [...left, ...drained]
    },
    settle(drained, totals) {
      for (const { organization, month: name } of drained) {
        const line = lines[slots.get(organization) ?? -1]
        if (line && name === month.name) line.underway = 0
      }
      for (const { organization, month: name, used } of totals) {
        const line = lines[slots.get(organization) ?? -1]
        if (!line || name !== month.name) continue
        if (line.used !== null || line.reading) line.used = used + line.fresh + line.underway
      }
    },
    forget(organization) {
      const slot = slots.get(organization)
      if (slot === undefined) return
      slots.delete(organization)
      free.push(slot)
      listed = listed.filter((line) => line !== lines[slot])
      left = left.filter((use) => use.organization !== organization)
    },
  }
}
