import type { Contract } from '../contract/contract.ts'
import { limitNotKept, namespacesHeldBy, usualLimitsOf } from '../contract/plan.ts'
import { limitKinds, limitSubjects, longestWindowSeconds, mostLimits, mostRequests } from '../contract/read/limits.ts'
import { isOffered } from '../contract/read/reach.ts'
import { AddressRangeError, compileRanges } from '../key/address.ts'
import { hideDigests } from '../key/hide-digests.ts'
import { isSlug, joinedProblem } from '../key/namespace.ts'
import { covers, permissionProblem } from '../key/permission.ts'
import type { KeyRecord, Limit, SecretVersion } from '../key/record.ts'
import type { OrganizationRecord } from '../store/records.ts'
import type { Transaction } from '../store/store.ts'
import { LifecycleError } from './lifecycle.ts'

/** What may be agreed about a key, at first and later. Absent members are left as they are. */
export interface Terms {
  /** 1–200 characters. */
  name?: string
  /** At most 100, and 3500 characters with a space between them; null: all that the contract allows such a key. */
  permissions?: readonly string[] | null
  /** Likewise, within the organization's own; null: all of these. */
  namespaces?: readonly string[] | null
  /** At most 100 addresses and CIDR ranges; null: anywhere. */
  allowedIps?: readonly string[] | null
  /** At most 8; null: the contract's or the plan's. */
  limits?: readonly Limit[] | null
  /** At most 32 members, names of at most 64 characters, strings of at most 500. */
  metadata?: KeyRecord['metadata']
  /** In the future; null: never. */
  expiresAt?: Date | null
}

/**
 * The reach of whoever makes or changes a key. No one can give more than they hold: `limits: null` is the contract's or
 * the plan's, which then hold for what is given, too.
 */
export type Reach = Pick<KeyRecord, 'permissions' | 'namespaces' | 'expiresAt' | 'allowedIps' | 'limits'> &
  Partial<Pick<KeyRecord, 'limitsBeside'>>

/**
 * null: of an owner or operator. It may be a function of what the maker is now, asked under lock: who loses their place at
 * the same time gives nothing.
 */
export type MakersReach = Reach | null | ((transaction: Transaction) => Promise<Reach | null>)

export async function reachNow(transaction: Transaction, reach: MakersReach): Promise<Reach | null> {
  return typeof reach === 'function' ? reach(transaction) : reach
}

/** What is named otherwise is no term, and is never written into a record. */
export const termNames = [
  'name',
  'permissions',
  'namespaces',
  'allowedIps',
  'limits',
  'metadata',
  'expiresAt',
] as const satisfies (keyof Terms)[]

const mostListed = 100

/** @throws LifecycleError `invalid` that names the member, or `beyond_reach` */
export function checkTerms(
  terms: Terms,
  contract: Contract,
  organization: OrganizationRecord,
  now: Date,
  reach: Reach | null,
): void {
  const { name, permissions, namespaces, allowedIps, limits, metadata, expiresAt } = terms
  if (name !== undefined) checkName(name)
  if (permissions) checkPermissions(permissions, contract)
  if (namespaces) checkNamespaces(namespaces, organization, contract, reach)
  if (allowedIps) checkAddresses(allowedIps)
  if (limits) checkLimits(limits)
  if (metadata) checkMetadata(metadata)
  if (expiresAt && !(expiresAt > now)) throw invalid('expiresAt', 'The expiry must lie in the future.')
  if (reach) {
    checkReach(terms, reach)
    const usual = usualLimitsOf(contract, organization)
    if (limits !== undefined) checkLimitsWithin(limits ?? usual, reach.limits ?? usual)
  }
}

/**
 * Name and metadata are shown in lists, and a digest in them would let their readers try credentials offline.
 * @throws LifecycleError
 */
export function refuseOwnDigest(
  { name, metadata }: Pick<Terms, 'name' | 'metadata'>,
  versions: readonly SecretVersion[],
): void {
  const digests = digestsOf(versions)
  for (const [field, value] of Object.entries({ name, metadata })) {
    const text = JSON.stringify(value ?? null)
    if (hideDigests(text, digests) !== text) throw invalid(field, 'It holds the digest of this very key: leave it out.')
  }
}

export function digestsOf(versions: readonly SecretVersion[]): ReadonlySet<string> {
  return new Set(versions.map(({ digest }) => digest))
}

export function checkName(name: string): void {
  if (name.trim() === '' || name.length > 200) throw invalid('name', 'A name has 1 to 200 characters.')
  if (!isOneLine(name)) throw invalid('name', 'A name holds no control characters.')
}

/** Text that people read in lists and logs: no character in it ends a line, repaints a terminal or is half of one. */
export function isOneLine(text: string): boolean {
  return !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text)
}

function checkPermissions(permissions: readonly string[], contract: Contract): void {
  checkJoined('permissions', permissions)
  const offered = Object.keys(contract.permissions.offered)
  for (const permission of permissions) {
    const problem = permissionProblem(permission)
    if (problem) throw invalid('permissions', problem)
    if (!isOffered(permission, offered)) {
      throw invalid(
        'permissions',
        `'${permission}' is not one of ${contract.title}'s permissions: ${offered.join(', ')}.`,
      )
    }
  }
}

function checkNamespaces(
  namespaces: readonly string[],
  organization: OrganizationRecord,
  contract: Contract,
  reach: Reach | null,
): void {
  // Where the contract had them once, a key that was confined then makes none that is less so.
  if (!contract.namespaces && !reach?.namespaces)
    throw invalid('namespaces', `${contract.title} has no namespaces; leave them out.`)
  checkJoined('namespaces', namespaces)
  const held = namespacesHeldBy(contract, organization)
  for (const namespace of namespaces) {
    if (!isSlug(namespace)) {
      throw invalid('namespaces', `A namespace is 1 to 63 of a–z, 0–9, _ and -, and begins with a letter or digit.`)
    }
    if (held && !held.includes(namespace)) {
      throw invalid(
        'namespaces',
        `Organization ${organization.id} has no namespace '${namespace}'. Add it there first.`,
      )
    }
  }
}

function checkAddresses(allowedIps: readonly string[]): void {
  checkList('allowedIps', allowedIps)
  if (allowedIps.length === 0)
    throw invalid('allowedIps', 'An empty list would refuse every caller; leave it out instead.')
  try {
    compileRanges(allowedIps)
  } catch (error) {
    if (error instanceof AddressRangeError) throw invalid('allowedIps', error.message)
    throw error
  }
}

function checkLimits(limits: readonly Limit[]): void {
  if (limits.length > mostLimits) throw invalid('limits', `At most ${mostLimits} limits can be set.`)
  for (const { requests, windowSeconds, per, kind } of limits) {
    if (!limitSubjects.includes(per)) throw invalid('limits', `per is one of ${limitSubjects.join(', ')}.`)
    if (!limitKinds.includes(kind)) throw invalid('limits', `kind is one of ${limitKinds.join(', ')}.`)
    if (!isCount(requests, mostRequests)) throw invalid('limits', 'requests is a whole number from 1 to 1,000,000,000.')
    if (!isCount(windowSeconds, longestWindowSeconds)) {
      throw invalid('limits', `windowSeconds is a whole number from 1 to ${longestWindowSeconds} (366 days).`)
    }
  }
}

function checkMetadata(metadata: KeyRecord['metadata']): void {
  const entries = Object.entries(metadata)
  if (entries.length > 32) throw invalid('metadata', 'At most 32 members fit.')
  for (const [name, value] of entries) {
    if (name === '' || name.length > 64) throw invalid('metadata', 'Names have 1 to 64 characters.')
    if (typeof value === 'string' && value.length > 500)
      throw invalid('metadata', `'${name}' is longer than 500 characters.`)
    if (typeof value !== 'string' && typeof value !== 'boolean' && !Number.isFinite(value))
      throw invalid('metadata', `'${name}' is no string, number or boolean.`)
  }
}

function checkReach({ permissions, namespaces, expiresAt, allowedIps }: Terms, reach: Reach): void {
  if (permissions !== undefined && !covers(reach.permissions, permissions)) {
    throw new LifecycleError(
      'beyond_reach',
      'A key cannot be given permissions its maker does not hold.',
      'permissions',
    )
  }
  if (namespaces !== undefined && !isWithin(namespaces, reach.namespaces)) {
    throw new LifecycleError('beyond_reach', 'A key cannot be given namespaces its maker does not reach.', 'namespaces')
  }
  if (expiresAt !== undefined && reach.expiresAt && (!expiresAt || expiresAt > reach.expiresAt)) {
    throw new LifecycleError('beyond_reach', 'A key cannot be made to outlive its maker.', 'expiresAt')
  }
  if (allowedIps !== undefined && !isWithin(allowedIps, reach.allowedIps)) {
    throw new LifecycleError(
      'beyond_reach',
      'Each must be one of the ranges that the maker is held to, as it is written there.',
      'allowedIps',
    )
  }
}

function checkLimitsWithin(given: readonly Limit[], held: readonly Limit[]): void {
  const lost = limitNotKept(given, held)
  if (!lost) return
  const { requests, windowSeconds, per } = lost
  throw new LifecycleError(
    'beyond_reach',
    `The maker is held to ${requests} requests in ${windowSeconds} seconds per ${per}, and so is the key: ` +
      'list that, or fewer requests in at least as long a time.',
    'limits',
  )
}

/** Whether the usual limits hold beside those that are given with this reach. */
export function limitsBesideFor(limits: KeyRecord['limits'], reach: Reach | null): boolean {
  return limits !== null && reach !== null && (reach.limits === null || reach.limitsBeside === true)
}

function isWithin(wanted: readonly string[] | null, held: readonly string[] | null): boolean {
  return held === null || (wanted?.every((one) => held.includes(one)) ?? false)
}

function checkList(field: string, list: readonly string[]): void {
  if (list.length > mostListed) throw invalid(field, `At most ${mostListed} can be listed.`)
  if (new Set(list).size < list.length) throw invalid(field, 'One of them is listed twice.')
}

function checkJoined(field: string, list: readonly string[]): void {
  checkList(field, list)
  const problem = joinedProblem(list)
  if (problem !== null) throw invalid(field, problem)
}

function isCount(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most
}

export function invalid(field: string, message: string): LifecycleError {
  return new LifecycleError('invalid', message, field)
}
