import type { Redact } from '../log/redact.ts'
import type { Decision } from './decision.ts'
import type { Chunk } from './tallies.ts'
import type { CallerCell, Tally } from './tally.ts'
import type { CallerCount, Dropped, LastUse, UsageBatch, UsageCount } from './usage-store.ts'

/** What is written of a chunk. */
export function batchOf({ hour, tallies, dropped }: Chunk, redact: Redact): UsageBatch {
  const counts: UsageCount[] = []
  const callers: CallerCount[] = []
  const refusals: Decision[] = []
  const lastUses: LastUse[] = []
  const drops: Dropped[] = []
  const at = new Date(hour.startMs)
  if (dropped > 0) drops.push({ key: null, organization: null, kind: 'counts', hour: at, count: dropped })
  for (const tally of tallies) {
    const { organization } = tally
    const key = tally.key === '' ? null : tally.key
    for (const cell of tally.counts()) counts.push({ ...cell, key, organization, hour: at })
    for (const refusal of tally.refusals) refusals.push(redacted(refusal, redact))
    if (tally.droppedRefusals > 0) {
      drops.push({ key, organization, kind: 'refusals', hour: at, count: tally.droppedRefusals })
    }
    if (key === null || organization === null) continue
    for (const [version, usedMs] of tally.lastUses()) {
      lastUses.push({ key, version, at: new Date(hour.startMs + usedMs) })
    }
    if (tally.droppedCallers > 0) {
      drops.push({ key, organization, kind: 'callers', hour: at, count: tally.droppedCallers })
    }
    for (const caller of callersOf(tally, redact)) callers.push(counted(caller, { key, organization, hour: at }))
  }
  return { counts, callers, refusals, lastUses, dropped: drops }
}

export function redacted(decision: Decision, redact: Redact): Decision {
  const { userAgent } = decision
  return { ...decision, userAgent: userAgent === null ? null : redact(userAgent) }
}

/** Two that differ in nothing but a credential become one. */
function callersOf(tally: Tally, redact: Redact): Iterable<CallerCell> {
  const byName = new Map<string, CallerCell>()
  for (const cell of tally.callers) {
    const userAgent = redact(cell.userAgent)
    const name = JSON.stringify([cell.version, cell.route, cell.address, userAgent])
    const same = byName.get(name)
    byName.set(name, {
      ...cell,
      userAgent,
      allowed: cell.allowed + (same?.allowed ?? 0),
      refused: cell.refused + (same?.refused ?? 0),
      firstMs: Math.min(cell.firstMs, same?.firstMs ?? cell.firstMs),
      lastMs: Math.max(cell.lastMs, same?.lastMs ?? 0),
    })
  }
  return byName.values()
}

function counted(cell: CallerCell, about: { key: string; organization: string; hour: Date }): CallerCount {
  const { version, route, address, userAgent, allowed, refused, firstMs, lastMs } = cell
  const start = about.hour.getTime()
  return {
    ...about,
    ...{ version, route, address, userAgent, allowed, refused },
    firstSeenAt: new Date(start + firstMs),
    lastSeenAt: new Date(start + lastMs),
  }
}
