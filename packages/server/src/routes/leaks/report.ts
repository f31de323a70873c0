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
    'Anyone who holds a key may. What is still in force is revoked for good, but for publishable keys, which anyone may see; the answer is the same for any credential. ' +
    'The service key that the instance was started with ends by a start with another one alone: its report is in the log, as an error, and in the audit.',
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
  async answerTo({ address, requestId, body }, { lifecycle, leakReports, serviceKeys, logger }) {
    await takeTurn(leakReports, address, lifecycle.now())
    const { credentials } = await body()
    const actor: Actor = { type: 'system', id: 'leak-report', triggeredBy: 'api', address, requestId }
    for (const credential of credentials) await endLeaked(lifecycle, actor, credential)
    if (credentials.some(serviceKeys.isConfigured)) {
      logger.error('the service key of the settings was reported as leaked: start with another one', { requestId })
      await lifecycle.store.transact(async (transaction) => {
        const place = { organization: null, target: 'configured' }
        transaction.record({ action: 'service_key.reported', ...place, actor, at: lifecycle.now(), details: {} })
      })
    }
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
