import { setImmediate } from 'node:timers/promises'
import type { ChangeNotice } from '../audit/event.ts'
import type { Contract } from '../contract/contract.ts'
import type { DenialReason } from '../contract/refusal.ts'
import type { CredentialText } from '../key/credential-text.ts'
import type { Digester } from '../key/digest.ts'
import type { SecretVersion } from '../key/record.ts'
import type { Meter } from '../limit/counters.ts'
import type { FoundKey, KeySource } from '../store/store.ts'
import { DigestTable } from './digest-table.ts'
import { forgetSlots, type KeyMeter } from './key-meter.ts'
import type { Principal } from './outcome.ts'
import { type Profile, Profiles } from './profile.ts'
import { RecentChanges } from './recent-changes.ts'
import { isRevoked, ROTATED, reasonIn, standingOf, TOUCHED, versionIn } from './standing.ts'
import { UnknownDigests } from './unknown-digests.ts'

// A table line behind the digest: double 4, words 10 and 11; a KeyMeter has the rest.
const USABLE_UNTIL = 4
const STATE = 10
const PROFILE = 11

const MOST_READS = 8
const MOST_CORRECTED = 64
const MOST_PASSED = 64
/** How many lines are looked through before whoever else has something to do gets a turn. */
const LOOKED_THROUGH_AT_ONCE = 2048

/**
 * What this process knows of keys: filled from the source on first sight, corrected by the change log, bounded.
 *
 * A line never shows a state older than the last change applied: what was read before such a change is read again. A
 * refused key keeps its line, so that a late fill meets a tombstone and not a hole. An entry is good until the caller
 * next waits for anything: then its line may be another key's.
 */
export class KeyCache {
  private readonly source: KeySource
  private readonly contract: Contract
  private readonly digester: Digester
  private readonly table: DigestTable
  private readonly profiles: Profiles
  /** How far those have come who are looking through all lines. */
  private readonly walks = new Set<{ next: number }>()
  /** By digest, whether it turns out to be a key's. */
  private readonly reading = new Map<string, Promise<boolean>>()
  /** Digests that were being read while their keys were made: an answer that there is no such key is too old. */
  private readonly madeMeanwhile = new Set<string>()
  private readonly unknown = new UnknownDigests()
  private readonly recent = new RecentChanges()
  /** What the credential that was last looked for in vain hashes to, by pepper: kept, so that a hit allocates nothing. */
  private readonly candidates: string[] = []
  private hand = 0
  private resets = 0

  constructor(contract: Contract, source: KeySource, digester: Digester, maxKeys: number) {
    this.contract = contract
    this.source = source
    this.digester = digester
    this.table = new DigestTable(maxKeys, (from, to) => this.follow(from, to))
    this.profiles = new Profiles(contract, this.table)
  }

  /**
   * The entry of a credential, or −1 where no such key exists. A promise where it must be read, of whether there is such
   * a key: if so, ask again. Throws, or rejects, where truth is out of reach.
   */
  find(credential: CredentialText, nowMs: number): number | Promise<boolean> {
    const { candidates } = this
    for (let pepper = 0; pepper < this.digester.count; pepper++) {
      const digest = this.digester.utf16(credential, pepper)
      const entry = this.table.find(digest)
      if (entry >= 0 && !this.isStale(entry)) return entry
      candidates[pepper] = digest
    }
    for (const [pepper, digest] of candidates.entries()) {
      if (this.unknown.has(digest, nowMs)) continue
      const exists = this.read(digest, nowMs)
      if (exists instanceof Promise) return this.readOn(exists, candidates.slice(pepper + 1), nowMs)
      if (exists) return this.table.find(digest)
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
    return reasonIn(state, (doubles[(entry << 3) + USABLE_UNTIL] as number) <= nowMs)
  }

  /** When this secret, which has been rotated, stops working; null for a current one. */
  retiresAt(entry: number): Date | null {
    if (((this.table.words[(entry << 4) + STATE] as number) & ROTATED) === 0) return null
    return new Date(this.table.doubles[(entry << 3) + USABLE_UNTIL] as number)
  }

  principal(entry: number, profile: Profile): Principal {
    return {
      key: this.table.ids[entry] as string,
      version: versionIn(this.table.words[(entry << 4) + STATE] as number),
      organization: profile.account.name,
      project: profile.project,
      user: profile.user,
      kind: profile.kind,
      environment: profile.environment,
      permissions: profile.permissions,
      namespaces: profile.namespaces,
    }
  }

  /** What this key is counted against, to be used before anything else is asked of the cache. */
  metersOf(entry: number, { meters, ownMeters }: Profile): readonly Meter[] {
    for (let at = 0; at < ownMeters.length; at++) (ownMeters[at] as KeyMeter).entry = entry
    return meters
  }

  /**
   * A few keys are read again, so that those in use stay known. Many, as of a bulk call, are forgotten instead, at no cost
   * to the database or to whoever waits for it: each is read when it is next used, if it ever is. So are all where truth
   * is out of reach: what was taken away must not go on by oversight.
   */
  async apply(changes: readonly ChangeNotice[]): Promise<void> {
    const keys = new Set<string>()
    for (const { action, target, number } of changes) {
      this.recent.add(target, number)
      const [noun] = action.split('.')
      if (noun === 'organization') this.profiles.organizationChanged(target)
      if (noun === 'member') this.profiles.memberChanged(target)
      if (noun === 'key') keys.add(target)
    }
    const areCorrected = keys.size <= MOST_CORRECTED && (await this.correctAll([...keys]))
    if (!areCorrected) await this.forget(keys)
  }

  /** Forgets everything, what is being read now included: the database has lost changes that were applied here. */
  reset(): void {
    this.resets++
    this.recent.clear()
    const { lines, ids, words } = this.table
    for (let entry = 0; entry < lines; entry++) {
      if (ids[entry] !== undefined) this.profiles.release(words[(entry << 4) + PROFILE] as number)
    }
    this.table.clear()
    this.doubtUnknown()
  }

  /** The next attempt of each of these reads truth. */
  private async forget(keys: ReadonlySet<string>): Promise<void> {
    this.doubtUnknown()
    await this.evictWhere((id) => keys.has(id))
  }

  /** What was or is just being found not to be a key may be one that was made since. */
  private doubtUnknown(): void {
    this.unknown.clear()
    for (const digest of this.reading.keys()) this.madeMeanwhile.add(digest)
  }

  /** False where truth is out of reach. */
  private async correctAll(keys: readonly string[]): Promise<boolean> {
    /** Keys that are gone, or no longer list all secrets they had. */
    const thinned = new Map<string, readonly SecretVersion[]>()
    const correctOne = async (id: string) => {
      const found = await this.foundSince(id)
      if (found) this.correct(found)
      const versions = found?.key.versions ?? []
      if (versions[0]?.number !== 1) thinned.set(id, versions)
    }
    const read = await Promise.allSettled(keys.map(correctOne))
    if (read.some(({ status }) => status === 'rejected')) return false
    if (thinned.size > 0) {
      await this.evictWhere((id, version) => thinned.get(id)?.every(({ number }) => number !== version) === true)
    }
    return true
  }

  /** The key as it is after all changes applied so far. */
  private async foundSince(id: string): Promise<FoundKey | undefined> {
    for (let reads = 0; reads < MOST_READS; reads++) {
      const { resets } = this
      const found = await this.source.found(id)
      if (resets === this.resets && !(found && this.recent.outdate(found))) return found
    }
    throw new OutdatedAnswerError()
  }

  private correct(found: FoundKey): void {
    for (const version of found.key.versions) {
      const digest = utf16Of(version.digest)
      this.unknown.delete(digest)
      if (this.reading.has(digest)) this.madeMeanwhile.add(digest)
      const entry = this.table.find(digest)
      if (entry >= 0) this.write(entry, found, version)
    }
  }

  /** Lines are found by digest, and nobody tells the digest of what is no longer there. */
  private async evictWhere(isOver: (id: string, version: number) => boolean): Promise<void> {
    const { table } = this
    const walk = { next: 0 }
    this.walks.add(walk)
    // What is written meanwhile was read after the change.
    for (let looked = 1; walk.next < table.lines; looked++) {
      if (looked % LOOKED_THROUGH_AT_ONCE === 0) await setImmediate()
      const entry = walk.next++
      const id = table.ids[entry]
      if (id !== undefined && isOver(id, versionIn(table.words[(entry << 4) + STATE] as number))) this.evict(entry)
    }
    this.walks.delete(walk)
  }

  /** A line that moves back past somebody who has not seen it is seen there. */
  private follow(from: number, to: number): void {
    for (const walk of this.walks) if (from >= walk.next && to < walk.next) walk.next = to
  }

  private isStale(entry: number): boolean {
    const { account, maker } = this.profile(entry)
    return account.stale || maker?.stale === true
  }

  /** Whether the digest is a key's, which then has an entry. */
  private read(digest: string, nowMs: number): boolean | Promise<boolean> {
    const underWay = this.reading.get(digest)
    if (underWay) return underWay
    const hex = Buffer.from(digest, 'utf16le').toString('hex')
    const found = this.source.find(hex)
    if (!(found instanceof Promise)) {
      if (found && this.recent.outdate(found)) throw new OutdatedAnswerError()
      return this.settle(digest, hex, found, nowMs)
    }
    const reading = this.readSince(digest, hex, found, nowMs).finally(() => {
      this.reading.delete(digest)
      this.madeMeanwhile.delete(digest)
    })
    this.reading.set(digest, reading)
    return reading
  }

  private async readSince(
    digest: string,
    hex: string,
    first: Promise<FoundKey | undefined>,
    nowMs: number,
  ): Promise<boolean> {
    let { resets } = this
    let found = await first
    for (let reads = 1; resets !== this.resets || this.isOutdated(digest, found); reads++) {
      if (reads === MOST_READS) throw new OutdatedAnswerError()
      resets = this.resets
      found = await this.source.find(hex)
    }
    return this.settle(digest, hex, found, nowMs)
  }

  private isOutdated(digest: string, found: FoundKey | undefined): boolean {
    return found ? this.recent.outdate(found) : this.madeMeanwhile.delete(digest)
  }

  /** Whether the credential is a key's after all, under what is being read or under a later pepper. */
  private async readOn(first: Promise<boolean>, later: readonly string[], nowMs: number): Promise<boolean> {
    let doubt: unknown
    const isKey = async (exists: boolean | Promise<boolean>) => {
      try {
        return await exists
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'remote_peppers') throw error
        // The server may know it under a pepper that is missing here, unless it is a key under one that is not.
        doubt ??= error
        return false
      }
    }
    if (await isKey(first)) return true
    for (const digest of later) if (await isKey(this.read(digest, nowMs))) return true
    if (doubt) throw doubt
    return false
  }

  private settle(digest: string, hex: string, found: FoundKey | undefined, nowMs: number): boolean {
    const entry = this.table.find(digest)
    if (!found) {
      if (entry >= 0) this.evict(entry)
      this.unknown.add(digest, nowMs)
      return false
    }
    const version = found.key.versions.find((candidate) => candidate.digest === hex)
    if (!version) throw new Error(`Key ${found.key.id} was found by a digest that is not its own.`)
    this.write(entry, found, version)
    return true
  }

  /** Into the line of that entry, or into a new one where it is none. */
  private write(known: number, found: FoundKey, version: SecretVersion): void {
    const profile = this.profiles.hold(found)
    const entry = known >= 0 ? known : this.lineFor(found.key.id, version)
    const { ids, words, doubles } = this.table
    const line = entry << 4
    if (known < 0 || words[line + PROFILE] !== profile) forgetSlots(this.table, entry)
    if (known >= 0) this.profiles.release(words[line + PROFILE] as number)
    words[line + PROFILE] = profile
    // What is read for an earlier change may be older than a line that was read for itself; revocation stays.
    if (known >= 0 && ids[entry] === found.key.id && isRevoked(words[line + STATE] as number)) return
    ids[entry] = found.key.id
    const { usableUntil, state } = standingOf(this.contract, found, version)
    doubles[(entry << 3) + USABLE_UNTIL] = usableUntil
    words[line + STATE] = state
  }

  private lineFor(id: string, { digest }: SecretVersion): number {
    if (this.table.full) this.makeRoom()
    return this.table.insert(utf16Of(digest), id)
  }

  /** Second chance: what was used since the hand last passed stays, unless all that it passes now was. */
  private makeRoom(): void {
    const { words, ids, lines } = this.table
    for (let passed = 0; ; ) {
      const entry = this.hand < lines ? this.hand : 0
      const state = (entry << 4) + STATE
      this.hand = entry + 1
      if (ids[entry] === undefined) continue
      passed++
      if (((words[state] as number) & TOUCHED) === 0 || passed === MOST_PASSED) {
        this.evict(entry)
        return
      }
      words[state] = (words[state] as number) & ~TOUCHED
    }
  }

  private evict(entry: number): void {
    this.profiles.release(this.table.words[(entry << 4) + PROFILE] as number)
    this.table.remove(entry)
  }
}

class OutdatedAnswerError extends Error {
  constructor() {
    super('The database answers with keys older than changes it has confirmed. Ask one that is not behind.')
    this.name = 'OutdatedAnswerError'
  }
}

function utf16Of(hex: string): string {
  return Buffer.from(hex, 'hex').toString('utf16le')
}
