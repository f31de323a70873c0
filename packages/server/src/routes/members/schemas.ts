import { z } from '@hono/zod-openapi'
import type { MemberRecord, Role } from '@keywright/core'
import type { Caller } from '../../access/caller.ts'
import { Problem } from '../../control/problem.ts'
import { time } from '../../control/schemas.ts'
import type { Person } from '../../sign-in/people.ts'

export const role = z.enum(['owner', 'admin', 'member'])

export const memberSchema = z
  .strictObject({
    organization: z.string(),
    user: z.string(),
    email: z.string().nullable().openapi({ description: 'null: the account is gone.' }),
    name: z.string().nullable(),
    role,
    createdAt: time,
  })
  .openapi('Member')

export const memberExample = {
  organization: 'acme',
  user: 'usr_01kahrp6e8m2x4c6v8b1n3k5j7',
  email: 'ann@example.com',
  name: 'Ann',
  role: 'admin' as const,
  createdAt: '2026-11-20T08:00:00.000Z',
}

export function memberView(
  { organization, user, role, createdAt }: MemberRecord,
  person: Person | null | undefined,
): z.output<typeof memberSchema> {
  const { email = null, name = null } = person ?? {}
  return { organization, user, email, name, role, createdAt: createdAt.toISOString() }
}

/** Nobody gives a place above their own, or touches whoever has one. @throws Problem */
export function refuseAbove(
  caller: Caller,
  organization: string,
  roles: readonly (Role | 'operator' | undefined)[],
): void {
  if (caller.places === null || caller.places.get(organization) === 'owner') return
  if (!roles.includes('owner')) return
  throw new Problem('role_missing', 'Only an owner makes, changes or removes an owner.')
}
