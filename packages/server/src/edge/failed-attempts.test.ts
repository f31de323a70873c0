import { keywright } from '@keywright/contracts'
import { createMemoryStore, createVerifier } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { createFailedAttempts, perInstance, perNetwork } from './failed-attempts.ts'

function startCounting() {
  let nowMs = Date.UTC(2026, 0, 1)
  const verifier = createVerifier({ contract: keywright, keys: createMemoryStore() })
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
    const refusal = count('unknown_key', '192.0.2.1', 'req')
    expect(refusal).toMatchObject({ status: 429 })
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

  it('are those without a key that works, and no others', () => {
    const { count } = startCounting()
    for (let i = 0; i < perNetwork.requests * 2; i++) {
      expect(count('permission_missing', '192.0.2.1', 'req')).toBeNull()
      expect(count('rate_limited', '192.0.2.1', 'req')).toBeNull()
    }
  })
})
