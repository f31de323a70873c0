import { z } from '@hono/zod-openapi'
import { type Actor, type Counters, type Limit, networkOf } from '@keywright/core'
import { Problem } from '../../control/problem.ts'
import { openRoute } from '../../control/route.ts'
import { endLeaked } from './end-leaked.ts'

const perNetwork: Limit = { requests: 60, windowSeconds: 3600, per: 'address', kind: 'window' }

export const reportLeaksRoute = openRoute({
  operationId: 'reportLeaks',
  method: 'post',
  path: '/v1/leaks',
  tag: 'Leaks',
  summary: 'Report keys that were found where they should not be',
  description:
    'Anyone who holds a key may. What is still in force is revoked for good; the answer is the same for any credential.',
  permission: null,
  credentials: 'none',
  body: z.strictObject({ credentials: z.array(z.string().min(1).max(512)).min(1).max(100) }).openapi('LeakReport'),
  bodyExample: { credentials: ['<the key as it was found>'] },
  answer: {
    status: 202,
    description: 'The report was taken.',
    schema: z.strictObject({ received: z.int() }).openapi('LeakReportTaken'),
    example: { received: 1 },
  },
  problems: ['rate_limited'],
  async answerTo({ address, requestId, body }, { lifecycle, leakReports }) {
    await takeTurn(leakReports, address, lifecycle.now())
    const { credentials } = await body()
    const actor: Actor = { type: 'system', id: 'leak-report', triggeredBy: 'api', address, requestId }
    for (const credential of credentials) await endLeaked(lifecycle, actor, credential)
    return { received: credentials.length }
  },
})

/** Those who hide their address share one. @throws Problem */
async function takeTurn(counters: Counters, address: string | null, now: Date): Promise<void> {
  const subject = (address && networkOf(address)) ?? 'unknown'
  const { taken, retryAfterMs } = await counters.take([{ limit: perNetwork, subject, slot: -1 }], 1, now.getTime())
  if (taken) return
  const headers = { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }
  throw new Problem('rate_limited', undefined, { headers })
}
