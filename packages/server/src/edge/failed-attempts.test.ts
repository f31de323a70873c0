import { keywright } from '@keywright/contracts'
import { createMemoryStore, createVerifier } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { createFailedAttempts, perInstance, perNetwork } from './failed-attempts.ts'

function startCounting(contract = keywright) {
  let nowMs = Date.UTC(2026, 0, 1)
  const verifier = createVerifier({ contract, keys: createMemoryStore() })
  const attempts = createFailedAttempts(verifier, () => nowMs)
  return {
    ...attempts,
    wait(ms: number) {
      nowMs += ms
    },
  }
}

describe('failed attempts', () => {
  it('of many networks are told to wait once there are too many in all, and only that long', () => {
    const { count, wait } = startCounting()
    for (let i = 0; i < perInstance.requests; i++) {
      expect(count('unknown_key', `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 'req')).toBeNull()
    }
    wait(400)
    const refusal = count('unknown_key', '192.0.2.1', 'req')
    expect(refusal).toMatchObject({ status: 429, headers: { 'retry-after': '60' } })
    expect(refusal?.body).toContain('Too many requests without a key that works.')
    wait(Number(refusal?.headers['retry-after']) * 1000 - 1000)
    expect(count('unknown_key', '192.0.2.1', 'req')).toMatchObject({ status: 429 })
    wait(1000)
    expect(count('unknown_key', '192.0.2.1', 'req')).toBeNull()
  })

  it('of one network, once it has to wait, are not held against all others', () => {
    const { count } = startCounting()
    const answers = Array.from({ length: perInstance.requests + 1 }, () =>
      count('malformed_credential', '192.0.2.1', 'req'),
    )
    expect(answers.filter((answer) => answer === null)).toHaveLength(perNetwork.requests)
    expect(count('malformed_credential', '192.0.2.2', 'req')).toBeNull()
  })

  it('are told of the limit that they have met: that of their network, or that of all', () => {
    const { refusals } = keywright
    const row = { ...refusals.rate_limited, headers: { 'x-limit': '{limit} per {window}' } }
    const { count } = startCounting({ ...keywright, refusals: { ...refusals, rate_limited: row } })
    const met = (address: string) => count('unknown_key', address, 'req')?.headers['x-limit']
    for (let i = 0; i < perNetwork.requests; i++) met('192.0.2.1')
    expect(met('192.0.2.1')).toBe('1000 per minute')
    for (let i = perNetwork.requests; i < perInstance.requests; i++) met(`10.0.${i >> 8}.${i & 255}`)
    expect(met('192.0.2.2')).toBe('30000 per minute')
  })

  it('are those without a key that works, and no others', () => {
    const { count } = startCounting()
    for (let i = 0; i < perNetwork.requests * 2; i++) {
      expect(count('permission_missing', '192.0.2.1', 'req')).toBeNull()
      expect(count('rate_limited', '192.0.2.1', 'req')).toBeNull()
    }
  })
})
