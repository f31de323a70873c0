import type { Contract } from '../contract/contract.ts'
import { limitsOf, monthlyQuotaOf, namespacesHeldBy } from '../contract/plan.ts'
import type { DenialReason } from '../contract/refusal.ts'
import { permissionsOfRole } from '../contract/role.ts'
import { type AddressRanges, compileRanges } from '../key/address.ts'
import { intersect } from '../key/permission.ts'
import type { KeyRecord, Limit } from '../key/record.ts'
import type { Meter } from '../limit/counters.ts'
import type { MonthMeter } from '../limit/monthly-quotas.ts'
import type { OrganizationRecord } from '../store/records.ts'
import type { FoundKey } from '../store/store.ts'
import type { DigestTable } from './digest-table.ts'
import { KeyMeter } from './key-meter.ts'

/** Something many keys hang on. Once stale, whatever hangs on it is read again before it is used again. */
export interface Shared {
  name: string
  stale: boolean
  holders: number
}

/** An organization. */
export interface Account extends Shared {
  refused: DenialReason | null
  month: MonthMeter
}

/** What a key is and may do, but for its id and secrets: the keys that have all of it in common share one. */
export interface Profile extends Shared {
  account: Account
  /** The maker's place in the organization, where the contract makes a key as good as that. */
  maker: Shared | null
  project: string | null
  user: string | null
  kind: string
  environment: string
  permissions: readonly string[] | null
  namespaces: readonly string[] | null
  allowedIps: AddressRanges | null
  /** Counted for whoever calls, in the order of the limits. */
  meters: readonly Meter[]
  /** Those of them that each key has for itself. */
  ownMeters: readonly KeyMeter[]
  /** Limits counted per address, which only the attempt knows. */
  perAddress: readonly Limit[]
}

/** Profiles by number, each once, for as long as a key holds it. */
export class Profiles {
  private readonly contract: Contract
  private readonly table: DigestTable
  private readonly accounts = new Map<string, Account>()
  private readonly makers = new Map<string, Shared>()
  private readonly numbers = new Map<string, number>()
  private readonly byNumber: (Profile | undefined)[] = []
  private readonly free: number[] = []

  constructor(contract: Contract, table: DigestTable) {
    this.contract = contract
    this.table = table
  }

  at(number: number): Profile {
    return this.byNumber[number] as Profile
  }

  /** The number of the key's profile, held once more. */
  hold(found: FoundKey): number {
    const profile = this.describe(found)
    const known = this.numbers.get(profile.name)
    if (known !== undefined) {
      const same = this.at(known)
      // A profile that hangs on an organization as it was is not the profile of a key read since.
      if (same.account === profile.account && same.maker === profile.maker) {
        same.holders++
        return known
      }
    }
    const number = this.free.pop() ?? this.byNumber.length
    this.byNumber[number] = profile
    this.numbers.set(profile.name, number)
    profile.account.holders++
    if (profile.maker) profile.maker.holders++
    return number
  }

  release(number: number): void {
    const profile = this.at(number)
    if (--profile.holders > 0) return
    this.byNumber[number] = undefined
    this.free.push(number)
    if (this.numbers.get(profile.name) === number) this.numbers.delete(profile.name)
    letGo(this.accounts, profile.account)
    if (profile.maker) letGo(this.makers, profile.maker)
  }

  organizationChanged(id: string): void {
    outdate(this.accounts, id)
  }

  /** `member` is `<organization>/<user>`. */
  memberChanged(member: string): void {
    outdate(this.makers, member)
  }

  private describe(found: FoundKey): Profile {
    const { key, organization } = found
    const { kind, environment, project, createdBy: user, allowedIps } = key
    const permissions = permissionsOf(this.contract, found)
    const namespaces = namespacesOf(this.contract, found)
    const limits = limitsOf(this.contract, organization, key)
    const name = [organization.id, project, user, kind, environment, permissions, namespaces, allowedIps, limits]
    // Before anything is taken hold of: it may throw.
    const ranges = allowedIps && compileRanges(allowedIps)
    const mine = limits.filter((limit) => isOwn(limit, key))
    const own = mine.map((limit, place) => new KeyMeter(limit, this.table, place))
    return {
      name: JSON.stringify(name),
      stale: false,
      holders: 1,
      account: this.accountOf(organization),
      maker: this.contract.permissions.byMakersRole && user ? this.makerOf(`${organization.id}/${user}`) : null,
      project,
      user,
      kind,
      environment,
      permissions,
      namespaces,
      allowedIps: ranges,
      meters: limits
        .filter(({ per }) => per !== 'address')
        .map((limit) => own[mine.indexOf(limit)] ?? { limit, subject: sharedSubject(limit, key), slot: -1 }),
      ownMeters: own,
      perAddress: limits.filter(({ per }) => per === 'address'),
    }
  }

  private accountOf(organization: OrganizationRecord): Account {
    const { id, state } = organization
    const known = this.accounts.get(id)
    if (known) return known
    const refused =
      state === 'active' ? null : state === 'unpaid' ? 'organization_unpaid' : ('organization_suspended' as const)
    const month = { organization: id, quota: monthlyQuotaOf(this.contract, organization), slot: -1 }
    const account: Account = { name: id, stale: false, holders: 0, refused, month }
    this.accounts.set(id, account)
    return account
  }

  private makerOf(name: string): Shared {
    const maker = this.makers.get(name) ?? { name, stale: false, holders: 0 }
    this.makers.set(name, maker)
    return maker
  }
}

function outdate(shared: Map<string, Shared>, name: string): void {
  const known = shared.get(name)
  if (known) known.stale = true
  shared.delete(name)
}

function letGo(shared: Map<string, Shared>, one: Shared): void {
  if (--one.holders === 0 && !one.stale) shared.delete(one.name)
}

/** At most what the key was given and what its maker holds. */
function permissionsOf(contract: Contract, { key, maker }: FoundKey): readonly string[] | null {
  return maker ? intersect(key.permissions, permissionsOfRole(contract, maker.role)) : key.permissions
}

/** At most what the key was given and what its organization has. */
function namespacesOf(contract: Contract, { key, organization }: FoundKey): readonly string[] | null {
  const { namespaces } = key
  const held = namespacesHeldBy(contract, organization)
  if (!namespaces || !held) return namespaces ?? held
  return namespaces.filter((namespace) => held.includes(namespace))
}

/** Without a project or a maker a key is its own subject: it neither escapes the limit nor shares it with strangers. */
function isOwn({ per }: Limit, key: KeyRecord): boolean {
  return per === 'key' || (per === 'project' && !key.project) || (per === 'user' && !key.createdBy)
}

function sharedSubject({ per }: Limit, key: KeyRecord): string {
  if (per === 'project') return key.project as string
  return per === 'user' ? (key.createdBy as string) : key.organization
}
