import type { Role } from '@keywright/core'
import type { Caller } from '../access/caller.ts'
import { invalid, notFound, Problem } from './problem.ts'

/**
 * The record, if the caller's reach has it. What belongs to others is answered as what does not exist; what they may see
 * and not change, as forbidden. @throws Problem
 */
export function reached<T extends { organization: string | null }>(
  caller: Caller,
  record: T | undefined,
  noun: string,
): T {
  if (!record) throw notFound(noun)
  if (caller.places === null) return record
  const role = record.organization === null ? undefined : caller.places.get(record.organization)
  if (role === undefined) throw notFound(noun)
  refuseMember(caller, role)
  return record
}

/** @throws Problem */
export function requireOrganization(caller: Caller, organization: string): void {
  if (caller.places === null) return
  const role = caller.places.get(organization)
  if (role === undefined) throw notFound('organization')
  refuseMember(caller, role)
}

function refuseMember({ changes }: Caller, role: Role): void {
  if (changes && role === 'member') throw new Problem('role_missing')
}

/** What a list is confined to: the organization asked for, or the only one there is for this caller. @throws Problem */
export function organizationFilter(caller: Caller, asked: string | undefined): { organization?: string } {
  if (asked !== undefined) requireOrganization(caller, asked)
  if (asked !== undefined || caller.places === null) return asked === undefined ? {} : { organization: asked }
  const [only = belongsNowhere, ...others] = caller.places.keys()
  if (others.length === 0) return { organization: only }
  throw invalid([{ field: 'organization', message: `must name one of yours: ${[only, ...others].join(', ')}` }])
}

/** No organization has this id. */
const belongsNowhere = '-'

/** What concerns the instance, or what an organization has agreed with its operator. @throws Problem */
export function requireWholeInstance(caller: Caller): void {
  if (caller.places === null) return
  throw caller.type === 'user'
    ? new Problem('permission_missing', 'This is for the operators of this instance.')
    : boundToOne()
}

/** For a service key, where `requireWholeInstance` has no caller to look at. */
export function boundToOne(): Problem {
  const detail = 'This service key is bound to one organization, and this concerns all of them.'
  return new Problem('permission_missing', detail)
}

/** The one that a service key is bound to; null: it is bound to none, or the caller is an operator. */
export function ownOrganization({ places }: Caller): string | null {
  return places === null ? null : (places.keys().next().value ?? belongsNowhere)
}
