import type { Change } from '../audit/event.ts'
import type { Contract } from '../contract/contract.ts'
import { type DenialReason, rowOf } from '../contract/refusal.ts'
import { compileRanges } from '../key/address.ts'
import type { Digester } from '../key/digest.ts'
import { intersect } from '../key/permission.ts'
import type { Limit } from '../key/record.ts'
import type { FoundKey, KeySource } from '../store/store.ts'
import { DigestTable } from './digest-table.ts'
import { type Account, type Grant, limitsOf, metersOf, type Shared, standingOf, type WarmKey } from './warm-key.ts'

// A table line behind the digest: one double (words 8 and 9), then words.
const USABLE_UNTIL = 4
const AFTERWARDS = 10
const REFUSED = 11
const ROTATED = 12
const TOUCHED = 13

const reasons = Object.keys(rowOf) as DenialReason[]

const MOST_UNKNOWN = 65_536
const UNKNOWN_FOR_MS = 1000
const MOST_CHANGES = 4096
const MOST_GRANTS = 4096
const MOST_READS = 8

/**
 * What this process knows of keys: filled from the source on first sight, corrected by the change log, bounded.
 *
 * A line never shows a state older than the last change applied: a fill read before such a change is read again. A
 * refused key keeps its line, so that a late fill meets a tombstone and not a hole. Unknown digests are remembered
 * apart, for a second at most and never past the creation of a key: a flood of them evicts nothing and hides nothing.
 */
export class KeyCache {
  private readonly contract: Contract
  private readonly source: KeySource
  private readonly digester: Digester
  private readonly table: DigestTable
  /** By entry of the table. */
  private readonly keys: (WarmKey | undefined)[] = []
  private readonly accounts = new Map<string, Account>()
  private readonly makers = new Map<string, Shared>()
  private readonly grants = new Map<string, Grant>()
  private readonly reading = new Map<string, Promise<number>>()
  private readonly unknown = new Set<string>()
  private unknownUntil = 0
  /** Counts what may make an unknown digest known, and so a reading of it outdated. */
  private creations = 0
  /** Counts the times everything was dropped, and so every reading outdated. */
  private generation = 0
  /** Number of the last change of a key, organization or member, for as long as a read begun before it may come in. */
  private readonly changed = new Map<string, number>()
  /** Changes up to this number are no longer told apart in `changed`. */
  private forgotten = 0
  private hand = 0

  constructor(contract: Contract, source: KeySource, digester: Digester, maxKeys: number) {
    this.contract = contract
    this.source = source
    this.digester = digester
    this.table = new DigestTable(maxKeys)
  }

  /** The entry of a credential, −1 where no such key exists, or a promise of either. Throws where truth is out of reach. */
  find(credential: string, nowMs: number): number | Promise<number> {
    return this.findAmong(credential, 0, nowMs)
  }

  private findAmong(credential: string, first: number, nowMs: number): number | Promise<number> {
    const { count } = this.digester
    for (let pepper = first; pepper < count; pepper++) {
      const digest = this.digester.latin1(credential, pepper)
      const entry = this.table.find(digest)
      if (entry >= 0 && !this.isStale(entry)) return entry
      if (this.isUnknown(digest, nowMs)) continue
      const read = this.reading.get(digest) ?? this.read(digest, nowMs)
      if (typeof read !== 'number') {
        return read.then((found) => (found >= 0 ? found : this.findAmong(credential, pepper + 1, nowMs)))
      }
      if (read >= 0) return read
    }
    return -1
  }

  key(entry: number): WarmKey {
    return this.keys[entry] as WarmKey
  }

  /** Why this secret is refused at this instant; null where it works. Also keeps the line from being evicted. */
  refusedAt(entry: number, nowMs: number): DenialReason | null {
    const { words, doubles } = this.table
    const base = entry << 4
    words[base + TOUCHED] = 1
    const code =
      (doubles[(entry << 3) + USABLE_UNTIL] as number) <= nowMs ? words[base + AFTERWARDS] : words[base + REFUSED]
    return code === 0 ? null : (reasons[(code as number) - 1] as DenialReason)
  }

  /** When this secret, which has been rotated, stops working; null for a current one. */
  retiresAt(entry: number): Date | null {
    if (this.table.words[(entry << 4) + ROTATED] === 0) return null
    return new Date(this.table.doubles[(entry << 3) + USABLE_UNTIL] as number)
  }

  /** Where truth is out of reach everything is dropped instead: what was taken away must not go on by oversight. */
  async apply(changes: readonly Change[]): Promise<void> {
    try {
      for (const change of changes) await this.applyOne(change)
    } catch {
      this.clear()
    }
  }

  /** Forgets everything: the next attempt of every key reads truth. */
  clear(): void {
    for (let entry = 0; entry < this.table.top; entry++) if (this.keys[entry]) this.evict(entry)
    this.unknown.clear()
    this.changed.clear()
    this.generation++
  }

  private async applyOne(change: Change): Promise<void> {
    const [noun] = change.action.split('.')
    if (noun === 'key') {
      const found = await this.source.found(change.target)
      this.remember(change.target, change.number)
      if (found) this.correct(found)
      else this.drop(change.target)
      if (change.action === 'key.created' || change.action === 'key.imported' || change.action === 'key.rotated') {
        this.unknown.clear()
        this.creations++
      }
    } else if (noun === 'organization') {
      this.remember(change.target, change.number)
      this.discard(this.accounts, change.target)
    } else if (noun === 'member') {
      this.remember(change.target, change.number)
      this.discard(this.makers, change.target)
    }
  }

  private discard(shared: Map<string, Shared>, name: string): void {
    const known = shared.get(name)
    if (known) known.stale = true
    shared.delete(name)
  }

  private remember(name: string, number: number): void {
    if (this.changed.size >= MOST_CHANGES) {
      this.forgotten = Math.max(...this.changed.values())
      this.changed.clear()
    }
    this.changed.set(name, number)
  }

  private correct(found: FoundKey): void {
    for (const version of found.key.versions) {
      const entry = this.table.find(latin1Of(version.digest))
      if (entry >= 0) this.write(entry, found, version.digest)
    }
  }

  private drop(key: string): void {
    for (let entry = 0; entry < this.table.top; entry++) if (this.keys[entry]?.id === key) this.evict(entry)
  }

  private isStale(entry: number): boolean {
    const { account, maker } = this.keys[entry] as WarmKey
    return account.stale || maker?.stale === true
  }

  private isUnknown(digest: string, nowMs: number): boolean {
    if (this.unknown.size === 0) return false
    if (nowMs < this.unknownUntil && nowMs > this.unknownUntil - 2 * UNKNOWN_FOR_MS) return this.unknown.has(digest)
    this.unknown.clear()
    return false
  }

  private read(digest: string, nowMs: number): number | Promise<number> {
    const hex = hexOf(digest)
    const { creations } = this
    const found = this.source.find(hex)
    if (!(found instanceof Promise)) return this.settle(digest, hex, found, creations, nowMs)
    const reading = this.readOn(digest, hex, found, nowMs).finally(() => this.reading.delete(digest))
    this.reading.set(digest, reading)
    return reading
  }

  private async readOn(
    digest: string,
    hex: string,
    first: Promise<FoundKey | undefined>,
    nowMs: number,
  ): Promise<number> {
    let { creations, generation } = this
    let found = await first
    for (let reads = 1; generation !== this.generation || (found && this.isOutdated(found)); reads++) {
      if (reads === MOST_READS) throw new Error('The database answers with keys older than changes it has confirmed.')
      ;({ creations, generation } = this)
      found = await this.source.find(hex)
    }
    return this.settle(digest, hex, found, creations, nowMs)
  }

  /** Read before a change that has since been applied: what it says may have been taken away. */
  private isOutdated({ key, organization, readAt }: FoundKey): boolean {
    const since = (name: string) => (this.changed.get(name) ?? 0) > readAt
    return (
      readAt < this.forgotten || since(key.id) || since(organization.id) || since(`${organization.id}/${key.createdBy}`)
    )
  }

  private settle(digest: string, hex: string, found: FoundKey | undefined, creations: number, nowMs: number): number {
    const entry = this.table.find(digest)
    if (found) {
      if (entry < 0 && this.table.full) this.makeRoom()
      return this.write(entry >= 0 ? entry : this.table.insert(digest), found, hex)
    }
    if (entry >= 0) this.evict(entry)
    if (creations === this.creations) this.rememberUnknown(digest, nowMs)
    return -1
  }

  private rememberUnknown(digest: string, nowMs: number): void {
    if (this.unknown.size >= MOST_UNKNOWN) this.unknown.clear()
    if (this.unknown.size === 0) this.unknownUntil = nowMs + UNKNOWN_FOR_MS
    this.unknown.add(digest)
  }

  private write(entry: number, found: FoundKey, hex: string): number {
    const version = found.key.versions.find(({ digest }) => digest === hex)
    if (!version) throw new Error(`Key ${found.key.id} was found by a digest that is not its own.`)
    const { usableUntil, afterwards, refused } = standingOf(this.contract, found, version)
    const { words, doubles } = this.table
    doubles[(entry << 3) + USABLE_UNTIL] = usableUntil
    words[(entry << 4) + AFTERWARDS] = codeOf(afterwards)
    words[(entry << 4) + REFUSED] = codeOf(refused)
    words[(entry << 4) + ROTATED] = version.retiresAt === null ? 0 : 1
    words[(entry << 4) + TOUCHED] = 1
    const previous = this.keys[entry]
    this.keys[entry] = this.warmKey(found, version.number)
    if (previous) this.release(previous)
    return entry
  }

  private warmKey(found: FoundKey, version: number): WarmKey {
    const { key, organization } = found
    const limits = limitsOf(this.contract, key, organization)
    const account = this.accountOf(found)
    account.holders++
    const maker = this.makerOf(found)
    if (maker) maker.holders++
    return {
      id: key.id,
      version,
      project: key.project,
      user: key.createdBy,
      account,
      maker,
      grant: this.grantOf(found, limits),
      meters: metersOf(limits, key, account),
    }
  }

  private accountOf({ organization: { id, state } }: FoundKey): Account {
    const known = this.accounts.get(id)
    if (known) return known
    const refused =
      state === 'active' ? null : state === 'unpaid' ? 'organization_unpaid' : ('organization_suspended' as const)
    const account: Account = { name: id, stale: false, holders: 0, refused, meters: new Map() }
    this.accounts.set(id, account)
    return account
  }

  private makerOf({ key, organization }: FoundKey): Shared | null {
    if (!this.contract.permissions.byMakersRole || !key.createdBy) return null
    const name = `${organization.id}/${key.createdBy}`
    const maker = this.makers.get(name) ?? { name, stale: false, holders: 0 }
    this.makers.set(name, maker)
    return maker
  }

  /** At most what the key was given, what its maker holds and what its organization has. */
  private grantOf({ key, organization, maker }: FoundKey, limits: readonly Limit[]): Grant {
    const byRole = this.contract.permissions.byMakersRole
    const permissions = byRole && maker ? intersect(key.permissions, byRole[maker.role]) : key.permissions
    const namespaces =
      key.namespaces && organization.namespaces
        ? key.namespaces.filter((namespace) => organization.namespaces?.includes(namespace))
        : (key.namespaces ?? organization.namespaces)
    const perAddress = limits.filter((limit) => limit.per === 'address')
    const { kind, environment, allowedIps } = key
    const name = JSON.stringify([kind, environment, permissions, namespaces, allowedIps, perAddress])
    const known = this.grants.get(name)
    if (known) return known
    const ranges = allowedIps && compileRanges(allowedIps)
    const grant: Grant = { kind, environment, permissions, namespaces, allowedIps: ranges, perAddress }
    if (this.grants.size >= MOST_GRANTS) this.grants.clear()
    this.grants.set(name, grant)
    return grant
  }

  /** Second chance: what was used since the hand last passed stays. */
  private makeRoom(): void {
    const { words, top } = this.table
    for (;;) {
      const entry = this.hand
      this.hand = (this.hand + 1) % top
      if (!this.keys[entry]) continue
      if (words[(entry << 4) + TOUCHED] === 0) {
        this.evict(entry)
        return
      }
      words[(entry << 4) + TOUCHED] = 0
    }
  }

  private evict(entry: number): void {
    this.release(this.keys[entry] as WarmKey)
    this.keys[entry] = undefined
    this.table.remove(entry)
  }

  private release({ account, maker }: WarmKey): void {
    if (--account.holders === 0 && !account.stale) this.accounts.delete(account.name)
    if (maker && --maker.holders === 0 && !maker.stale) this.makers.delete(maker.name)
  }
}

function codeOf(reason: DenialReason | null): number {
  return reason === null ? 0 : reasons.indexOf(reason) + 1
}

function hexOf(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('hex')
}

function latin1Of(hex: string): string {
  return Buffer.from(hex, 'hex').toString('latin1')
}
