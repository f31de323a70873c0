import type { AuditEvent } from '@keywright/client'
import { emptyHead, linkAll } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { checkChain } from '../src/audit/chain.ts'

const actor = { type: 'user', id: 'usr_1', triggeredBy: 'ui', address: '::1', requestId: 'req_1' } as const

/** As the API answers them, the newest first. */
function log(count: number): AuditEvent[] {
  const events = Array.from({ length: count }, (_, i) => ({
    action: 'key.created' as const,
    organization: i % 3 === 2 ? null : 'acme',
    target: `key_${i}`,
    actor,
    at: new Date(1_700_000_000_000 + i),
    details: { name: `Ünïcode \u2028 "${i}"`, nested: { b: [1, 2.5, null], a: true } },
  }))
  return linkAll(emptyHead, events)
    .map((change) => ({ ...change, at: change.at.toISOString() }))
    .toReversed()
}

describe('the chain of the audit log, as the browser checks it', () => {
  it('holds from the first entry to the last', async () => {
    expect(await checkChain(log(20))).toEqual({ checked: 20, apart: 0, broken: null })
  })

  it('says which entries it could not check, because those before them are not in sight', async () => {
    const own = log(9).filter(({ organization }) => organization === 'acme')
    expect(await checkChain(own)).toEqual({ checked: 4, apart: 2, broken: null })
  })

  it('names the first entry that was altered', async () => {
    const altered = log(9).map((event) => (event.number === 4 ? { ...event, target: 'key_other' } : event))
    expect(await checkChain(altered)).toMatchObject({ broken: 4 })
    const forged = log(9).map((event) => (event.number === 6 ? { ...event, hash: 'f'.repeat(64) } : event))
    expect(await checkChain(forged)).toMatchObject({ broken: 6 })
  })
})
