import type { Outcome, Principal } from '@keywright/core'
import type { Decision, Verdict } from './decision.ts'

/** How often one key, or strangers together, came to one verdict on one route. */
export interface CountCell {
  readonly version: number
  readonly verdict: Verdict
  readonly route: string
  count: number
}

/** Who used a key from where. Times are milliseconds into the hour. */
export interface CallerCell {
  readonly version: number
  readonly route: string
  readonly address: string
  readonly userAgent: string
  allowed: number
  refused: number
  readonly firstMs: number
  lastMs: number
  /** When it was last allowed; −1: it was not. */
  usedMs: number
}

const mostCallers = 64
const mostRefusals = 32
/** Of strangers, who are many. */
const mostStrangers = 256

/** What was counted of one key within one hour since it was last written down. */
export class Tally {
  /** '' for strangers: no secret matched. */
  readonly key: string
  readonly organization: string | null
  droppedCallers = 0
  droppedRefusals = 0
  private latest: CallerCell | null = null
  private cells: CallerCell[] = []
  private readonly byAddress = new Map<string, CallerCell[]>()
  /** Beside what the callers' own cells say was allowed. */
  private readonly counted: CountCell[] = []
  private readonly usedByGone = new Map<number, number>()
  private newest: Decision[] = []
  /** Where the oldest of them is, once they are as many as there may be. */
  private oldest = 0

  constructor(principal: Principal | null) {
    this.key = principal?.key ?? ''
    this.organization = principal?.organization ?? null
  }

  get callers(): readonly CallerCell[] {
    return this.cells
  }

  /** The latest of them, oldest first. */
  get refusals(): readonly Decision[] {
    return [...this.newest.slice(this.oldest), ...this.newest.slice(0, this.oldest)]
  }

  /** What it holds, itself included. */
  get lines(): number {
    return 1 + this.counted.length + this.cells.length + this.newest.length
  }

  counts(): readonly CountCell[] {
    const counts = this.counted.map((cell) => ({ ...cell }))
    for (const { version, route, allowed } of this.cells) add(counts, version, 'allowed', route, allowed)
    return counts
  }

  /** When each secret version was last allowed, in milliseconds into the hour. */
  lastUses(): ReadonlyMap<number, number> {
    const used = new Map(this.usedByGone)
    for (const cell of this.cells) keepLater(used, cell)
    return used
  }

  count(outcome: Outcome, route: string, address: string, userAgent: string, atMs: number): void {
    const version = outcome.principal === null ? 0 : outcome.principal.version
    if (!outcome.allowed) add(this.counted, version, outcome.reason, route, 1)
    if (outcome.principal === null) return
    let cell = this.latest
    if (cell === null || cell.address !== address || !isSame(cell, version, route, userAgent)) {
      cell = this.find(version, route, address, userAgent) ?? this.add(version, route, address, userAgent, atMs)
      this.latest = cell
    }
    cell.lastMs = atMs
    if (outcome.allowed) {
      cell.allowed++
      cell.usedMs = atMs
    } else {
      cell.refused++
    }
  }

  refuse(decision: Decision): void {
    const most = this.key === '' ? mostStrangers : mostRefusals
    if (this.newest.length < most) {
      this.newest.push(decision)
      return
    }
    this.newest[this.oldest] = decision
    this.oldest = (this.oldest + 1) % most
    this.droppedRefusals++
  }

  /** Who called and what was refused is forgotten; how often is not. */
  dropDetails(): void {
    for (const cell of this.cells) this.fold(cell)
    this.cells = []
    this.latest = null
    this.byAddress.clear()
    this.droppedRefusals += this.newest.length
    this.newest = []
    this.oldest = 0
  }

  private find(version: number, route: string, address: string, userAgent: string): CallerCell | null {
    const there = this.byAddress.get(address)
    if (there === undefined) return null
    for (let at = 0; at < there.length; at++) {
      const cell = there[at] as CallerCell
      if (isSame(cell, version, route, userAgent)) return cell
    }
    return null
  }

  private add(version: number, route: string, address: string, userAgent: string, atMs: number): CallerCell {
    if (this.cells.length === mostCallers) this.forgetOne()
    const times = { firstMs: atMs, lastMs: atMs, usedMs: -1 }
    const cell = { version, route, address, userAgent, allowed: 0, refused: 0, ...times }
    this.cells.push(cell)
    const there = this.byAddress.get(address)
    if (there) there.push(cell)
    else this.byAddress.set(address, [cell])
    return cell
  }

  /** The one that was not seen for longest. */
  private forgetOne(): void {
    let longest = 0
    for (let at = 1; at < this.cells.length; at++) {
      if ((this.cells[at] as CallerCell).lastMs < (this.cells[longest] as CallerCell).lastMs) longest = at
    }
    const gone = this.cells[longest] as CallerCell
    this.cells.splice(longest, 1)
    const there = this.byAddress.get(gone.address)?.filter((cell) => cell !== gone) ?? []
    if (there.length > 0) this.byAddress.set(gone.address, there)
    else this.byAddress.delete(gone.address)
    this.fold(gone)
  }

  private fold(gone: CallerCell): void {
    add(this.counted, gone.version, 'allowed', gone.route, gone.allowed)
    keepLater(this.usedByGone, gone)
    this.droppedCallers++
  }
}

function isSame(cell: CallerCell, version: number, route: string, userAgent: string): boolean {
  return cell.route === route && cell.userAgent === userAgent && cell.version === version
}

function add(counts: CountCell[], version: number, verdict: Verdict, route: string, count: number): void {
  if (count === 0) return
  for (let at = 0; at < counts.length; at++) {
    const cell = counts[at] as CountCell
    if (cell.verdict === verdict && cell.version === version && cell.route === route) {
      cell.count += count
      return
    }
  }
  counts.push({ version, verdict, route, count })
}

function keepLater(used: Map<number, number>, { version, usedMs }: CallerCell): void {
  if (usedMs > (used.get(version) ?? -1)) used.set(version, usedMs)
}
