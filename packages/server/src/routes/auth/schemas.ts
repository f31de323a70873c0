import { z } from '@hono/zod-openapi'
import type { Actor } from '@keywright/core'
import { name, time } from '../../control/schemas.ts'
import { longestPassword, type Person, shortestPassword } from '../../sign-in/people.ts'
import { isPortalAddress } from '../../sign-in/portal.ts'

export const email = z
  .email('must be an e-mail address')
  .max(254)
  .refine((address) => !isPortalAddress(address), 'must be an address that mail reaches')

/** A new one. */
export const password = z.string().min(shortestPassword).max(longestPassword)

export const invitationToken = z.string().min(1).max(128).openapi({ description: 'What follows # in its link.' })

export const personSchema = z.strictObject({ id: z.string(), email: z.string(), name }).openapi('Person')

export function personView({ id, email, name }: Person): z.output<typeof personSchema> {
  return { id, email, name }
}

export const personExample = { id: 'usr_01kahrp6e8m2x4c6v8b1n3k5j7', email: 'ann@example.com', name: 'Ann' }

export const sessionSchema = z
  .strictObject({
    id: z.string(),
    createdAt: time,
    expiresAt: time,
    address: z.string().nullable(),
    userAgent: z.string().nullable(),
    current: z.boolean(),
  })
  .openapi('Session')

export function actorOfPerson(person: Pick<Person, 'id'>, from: { address: string | null; requestId: string }): Actor {
  return { type: 'user', id: person.id, triggeredBy: 'ui', address: from.address, requestId: from.requestId }
}

export const signedInAnswer = {
  status: 200,
  description: 'Who is signed in now; the session is in the cookie.',
  schema: z.strictObject({ person: personSchema }),
  example: { person: personExample },
} as const
