import { z } from '@hono/zod-openapi'
import type { InvitationRecord } from '@keywright/core'
import { time, timeOf } from '../../control/schemas.ts'

export const invitationSchema = z
  .strictObject({
    id: z.string(),
    organization: z.string().nullable().openapi({ description: 'null: to run the instance.' }),
    role: z.enum(['owner', 'admin', 'member', 'operator']),
    email: z.string().nullable(),
    createdBy: z.string().nullable(),
    createdAt: time,
    expiresAt: time,
    acceptedAt: time.nullable(),
    revokedAt: time.nullable(),
  })
  .openapi('Invitation')

export const invitationExample = {
  id: 'inv_01kahrp6e7m2x4c6v8b1n3k5j7',
  organization: 'acme',
  role: 'member' as const,
  email: 'bob@example.com',
  createdBy: 'usr_01kahrp6e8m2x4c6v8b1n3k5j7',
  createdAt: '2026-11-20T08:00:00.000Z',
  expiresAt: '2026-11-27T08:00:00.000Z',
  acceptedAt: null,
  revokedAt: null,
}

/** Without its digest. */
export function invitationView(invitation: InvitationRecord): z.output<typeof invitationSchema> {
  const { id, organization, role, email, createdBy, createdAt, expiresAt, acceptedAt, revokedAt } = invitation
  return {
    ...{ id, organization, role, email, createdBy },
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    acceptedAt: timeOf(acceptedAt),
    revokedAt: timeOf(revokedAt),
  }
}

export const createdInvitationSchema = z
  .strictObject({
    ...invitationSchema.shape,
    link: z.string().openapi({ description: 'Shown in this answer and never again. It works once.' }),
    byMail: z
      .boolean()
      .openapi({ description: 'The link is on its way by mail too. Otherwise hand it over yourself.' }),
  })
  .openapi('CreatedInvitation')
