import type { Caller } from '../access/caller.ts'
import { notFound, Problem } from './problem.ts'

/** The record, if the caller's reach has it. What belongs to others is answered as what does not exist. */
export function reached<T extends { organization: string | null }>(
  caller: Caller,
  record: T | undefined,
  noun: string,
): T {
  if (record && (caller.organization === null || record.organization === caller.organization)) return record
  throw notFound(noun)
}

/** @throws Problem */
export function requireOrganization(caller: Caller, organization: string): void {
  if (caller.organization !== null && caller.organization !== organization) throw notFound('organization')
}

/** What a list is confined to: the organization asked for, or the only one there is for this caller. */
export function organizationFilter(caller: Caller, asked: string | undefined): { organization?: string } {
  if (asked !== undefined) requireOrganization(caller, asked)
  const organization = asked ?? caller.organization ?? undefined
  return organization === undefined ? {} : { organization }
}

/** What concerns the instance, or what an organization has agreed with its operator. @throws Problem */
export function requireWholeInstance(caller: Caller): void {
  if (caller.organization === null) return
  throw new Problem(
    'permission_missing',
    'This service key is bound to one organization, and this concerns all of them.',
  )
}
