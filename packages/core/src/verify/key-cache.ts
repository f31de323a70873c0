import type { Change } from '../audit/event.ts'
import type { Contract } from '../contract/contract.ts'
import { type DenialReason, rowOf } from '../contract/refusal.ts'
import type { Digester } from '../key/digest.ts'
import type { KeyRecord, SecretVersion } from '../key/record.ts'
import type { Meter } from '../limit/counters.ts'
import type { FoundKey, KeySource } from '../store/store.ts'
import { DigestTable } from './digest-table.ts'
import type { Principal } from './outcome.ts'
import { type Profile, Profiles } from './profile.ts'
import { RecentChanges } from './recent-changes.ts'
import { UnknownDigests } from './unknown-digests.ts'

// A table line behind the digest: words 10 and 11, doubles 4, 6 and 7.
const USABLE_UNTIL = 4
const STATE = 10
const PROFILE = 11
const SLOTS = 6
const SLOTS_KEPT = 2

// The word STATE: why it is refused, why it is from USABLE_UNTIL on, two flags, and the number of the secret version.
const REASON = 0x1f
const AFTERWARDS_SHIFT = 5
const ROTATED = 0x400
const TOUCHED = 0x800
const VERSION_SHIFT = 12

const reasons = Object.keys(rowOf) as DenialReason[]
const MOST_READS = 8

/**
 * What this process knows of keys: filled from the source on first sight, corrected by the change log, bounded.
 *
 * A line never shows a state older than the last change applied: a fill read before such a change is read again. A
 * refused key keeps its line, so that a late fill meets a tombstone and not a hole. An entry is good until the caller
 * next waits for anything: then its line may be another key's.
 */
export class KeyCache {
  private readonly source: KeySource
  private readonly contract: Contract
  private readonly digester: Digester
  private readonly table: DigestTable
  private readonly profiles: Profiles
  /** By entry of the table. */
  private readonly ids: (string | undefined)[] = []
  private readonly reading = new Map<string, Promise<void>>()
  private readonly unknown = new UnknownDigests()
  private readonly recent = new RecentChanges()
  private hand = 0

  constructor(contract: Contract, source: KeySource, digester: Digester, maxKeys: number) {
    this.contract = contract
    this.source = source
    this.digester = digester
    this.table = new DigestTable(maxKeys)
    this.profiles = new Profiles(contract)
  }

  /**
   * The entry of a credential, or −1 where no such key exists. A promise where it must be read: ask again once it
   * resolves. Throws, or rejects, where truth is out of reach.
   */
  find(credential: string, nowMs: number): number | Promise<void> {
    const { count } = this.digester
    for (let pepper = 0; pepper < count; pepper++) {
      const digest = this.digester.latin1(credential, pepper)
      let entry = this.table.find(digest)
      if (entry >= 0 && !this.isStale(entry)) return entry
      if (this.unknown.has(digest, nowMs)) continue
      const read = this.reading.get(digest) ?? this.read(digest, nowMs)
      if (read) return read
      entry = this.table.find(digest)
      if (entry >= 0) return entry
    }
    return -1
  }

  profile(entry: number): Profile {
    return this.profiles.at(this.table.words[(entry << 4) + PROFILE] as number)
  }

  /** Why this secret is refused at this instant; null where it works. */
  refusedAt(entry: number, nowMs: number): DenialReason | null {
    const { words, doubles } = this.table
    const state = words[(entry << 4) + STATE] as number
    if ((state & TOUCHED) === 0) words[(entry << 4) + STATE] = state | TOUCHED
    const over = (doubles[(entry << 3) + USABLE_UNTIL] as number) <= nowMs
    const code = (over ? state >> AFTERWARDS_SHIFT : state) & REASON
    return code === 0 ? null : (reasons[code - 1] as DenialReason)
  }

  /** When this secret, which has been rotated, stops working; null for a current one. */
  retiresAt(entry: number): Date | null {
    if (((this.table.words[(entry << 4) + STATE] as number) & ROTATED) === 0) return null
    return new Date(this.table.doubles[(entry << 3) + USABLE_UNTIL] as number)
  }

  principal(entry: number): Principal {
    const profile = this.profile(entry)
    return {
      key: this.ids[entry] as string,
      version: (this.table.words[(entry << 4) + STATE] as number) >>> VERSION_SHIFT,
      organization: profile.account.name,
      project: profile.project,
      user: profile.user,
      kind: profile.kind,
      environment: profile.environment,
      permissions: profile.permissions,
      namespaces: profile.namespaces,
    }
  }

  /** What this key is counted against, to be used before anything else is asked of the cache; then `keepSlots`. */
  metersOf(entry: number): readonly Meter[] {
    const { meters, ownMeters } = this.profile(entry)
    const slots = (entry << 3) + SLOTS
    for (let at = 0; at < ownMeters.length; at++) {
      const meter = ownMeters[at] as { subject: string; slot: number }
      meter.subject = this.ids[entry] as string
      meter.slot = at < SLOTS_KEPT ? (this.table.doubles[slots + at] as number) : -1
    }
    return meters
  }

  keepSlots(entry: number): void {
    const { ownMeters } = this.profile(entry)
    const slots = (entry << 3) + SLOTS
    for (let at = 0; at < ownMeters.length && at < SLOTS_KEPT; at++) {
      this.table.doubles[slots + at] = (ownMeters[at] as { slot: number }).slot
    }
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
    for (let entry = 0; entry < this.table.top; entry++) if (this.ids[entry] !== undefined) this.evict(entry)
    this.unknown.clear()
    this.recent.forgetAll()
  }

  private async applyOne({ action, target, number }: Change): Promise<void> {
    const [noun] = action.split('.')
    const found = noun === 'key' ? await this.source.found(target) : undefined
    this.recent.add(target, number)
    if (noun === 'organization') this.profiles.organizationChanged(target)
    if (noun === 'member') this.profiles.memberChanged(target)
    if (noun !== 'key') return
    if (found) this.correct(found)
    else this.drop(target)
    this.unknown.clear()
  }

  private correct(found: FoundKey): void {
    for (const version of found.key.versions) {
      const entry = this.table.find(latin1Of(version.digest))
      if (entry >= 0) this.write(entry, found, version)
    }
  }

  private drop(key: string): void {
    for (let entry = 0; entry < this.table.top; entry++) if (this.ids[entry] === key) this.evict(entry)
  }

  private isStale(entry: number): boolean {
    const { account, maker } = this.profile(entry)
    return account.stale || maker?.stale === true
  }

  private read(digest: string, nowMs: number): Promise<void> | undefined {
    const hex = Buffer.from(digest, 'latin1').toString('hex')
    const { clearings } = this.unknown
    const found = this.source.find(hex)
    if (!(found instanceof Promise)) {
      this.settle(digest, hex, found, clearings, nowMs)
      return undefined
    }
    const reading = this.readOn(digest, hex, found, nowMs).finally(() => this.reading.delete(digest))
    this.reading.set(digest, reading)
    return reading
  }

  private async readOn(
    digest: string,
    hex: string,
    first: Promise<FoundKey | undefined>,
    nowMs: number,
  ): Promise<void> {
    let { clearings } = this.unknown
    let { forgettings } = this.recent
    let found = await first
    for (let reads = 1; forgettings !== this.recent.forgettings || (found && this.recent.outdate(found)); reads++) {
      if (reads === MOST_READS) throw new Error('The database answers with keys older than changes it has confirmed.')
      clearings = this.unknown.clearings
      forgettings = this.recent.forgettings
      found = await this.source.find(hex)
    }
    this.settle(digest, hex, found, clearings, nowMs)
  }

  private settle(digest: string, hex: string, found: FoundKey | undefined, clearings: number, nowMs: number): void {
    const entry = this.table.find(digest)
    if (found) {
      const version = found.key.versions.find((candidate) => candidate.digest === hex)
      if (!version) throw new Error(`Key ${found.key.id} was found by a digest that is not its own.`)
      if (entry < 0 && this.table.full) this.makeRoom()
      this.write(entry >= 0 ? entry : this.table.insert(digest), found, version)
      return
    }
    if (entry >= 0) this.evict(entry)
    // A key made while this was read may be the one that was not found.
    if (clearings === this.unknown.clearings) this.unknown.add(digest, nowMs)
  }

  private write(entry: number, found: FoundKey, version: SecretVersion): void {
    const { words, doubles } = this.table
    const { usableUntil, state } = standingOf(this.contract, found, version)
    const profile = this.profiles.hold(found)
    if (this.ids[entry] === undefined) doubles.fill(-1, (entry << 3) + SLOTS, (entry << 3) + SLOTS + SLOTS_KEPT)
    else this.profiles.release(words[(entry << 4) + PROFILE] as number)
    this.ids[entry] = found.key.id
    doubles[(entry << 3) + USABLE_UNTIL] = usableUntil
    words[(entry << 4) + STATE] = state
    words[(entry << 4) + PROFILE] = profile
  }

  /** Second chance: what was used since the hand last passed stays. */
  private makeRoom(): void {
    const { words, top } = this.table
    for (;;) {
      const entry = this.hand
      this.hand = (this.hand + 1) % top
      if (this.ids[entry] === undefined) continue
      if (((words[(entry << 4) + STATE] as number) & TOUCHED) === 0) {
        this.evict(entry)
        return
      }
      words[(entry << 4) + STATE] = (words[(entry << 4) + STATE] as number) & ~TOUCHED
    }
  }

  private evict(entry: number): void {
    this.profiles.release(this.table.words[(entry << 4) + PROFILE] as number)
    this.ids[entry] = undefined
    this.table.remove(entry)
  }
}

/** Revocation is final, so it outranks expiry; expiry outranks a suspension that may be lifted. */
function standingOf(contract: Contract, { key, maker }: FoundKey, version: SecretVersion) {
  const rotated = version.retiresAt ? ROTATED : 0
  const flags = (version.number << VERSION_SHIFT) | TOUCHED | rotated
  if (key.revokedAt) return { usableUntil: Number.POSITIVE_INFINITY, state: flags | codeOf('revoked_key') }
  const expiresAt = key.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY
  const retiresAt = version.retiresAt?.getTime() ?? Number.POSITIVE_INFINITY
  const afterwards = expiresAt <= retiresAt ? 'expired_key' : 'retired_secret'
  return {
    usableUntil: Math.min(expiresAt, retiresAt),
    state: flags | codeOf(refusedBefore(contract, key, maker)) | (codeOf(afterwards) << AFTERWARDS_SHIFT),
  }
}

function refusedBefore(contract: Contract, key: KeyRecord, maker: FoundKey['maker']): DenialReason | null {
  if (key.suspendedAt) return 'suspended_key'
  return contract.permissions.byMakersRole && key.createdBy && !maker ? 'maker_left' : null
}

function codeOf(reason: DenialReason | null): number {
  return reason === null ? 0 : reasons.indexOf(reason) + 1
}

function latin1Of(hex: string): string {
  return Buffer.from(hex, 'hex').toString('latin1')
}
