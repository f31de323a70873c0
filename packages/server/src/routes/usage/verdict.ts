import { z } from '@hono/zod-openapi'
import { type DenialReason, rowOf } from '@keywright/core'
import type { Verdict } from '../../usage/decision.ts'

const reasons = Object.keys(rowOf) as [DenialReason, ...DenialReason[]]

/** What usage and decisions can both be asked for. */
export const verdictFilters = {
  outcome: z.enum(['allowed', 'denied']).optional(),
  reason: z.enum(reasons).optional(),
  triggeredBy: z.enum(['ui', 'cli', 'api']).optional().openapi({
    description: 'Requests made with a key are all `api`; what people do is in the audit log.',
  }),
}

export const verdictMembers = {
  outcome: z.enum(['allowed', 'denied']),
  reason: z.enum(reasons).nullable().openapi({ description: 'Why it was denied; null where it was allowed.' }),
}

export function verdictView(verdict: Verdict): { outcome: 'allowed' | 'denied'; reason: DenialReason | null } {
  return verdict === 'allowed' ? { outcome: 'allowed', reason: null } : { outcome: 'denied', reason: verdict }
}

/** As the record is asked; null where nothing in it can match. */
export function verdictOf({
  outcome,
  reason,
  triggeredBy = 'api',
}: {
  outcome?: 'allowed' | 'denied' | undefined
  reason?: DenialReason | undefined
  triggeredBy?: 'ui' | 'cli' | 'api' | undefined
}): { isAllowed?: boolean; verdict?: DenialReason } | null {
  if (triggeredBy !== 'api') return null
  return {
    ...(outcome !== undefined && { isAllowed: outcome === 'allowed' }),
    ...(reason !== undefined && { verdict: reason }),
  }
}
