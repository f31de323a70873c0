import { describe, expect, it } from 'vitest'
import { parseContract } from '../contract/parse.ts'
import { issue } from '../lifecycle/issue.ts'
import type { KeySource } from '../store/store.ts'
import { inMemory, testActor } from '../testing/in-memory.ts'
import { StaleError } from './lease.ts'
import { createVerifier } from './verifier.ts'

const contract = parseContract({ name: 'acme', key: { forms: [{ prefix: 'ak_' }] } })

describe.each([
  ['at once', undefined],
  ['once changes are heard of', Promise.resolve()],
])('a verifier that is asked %s', (_, heard) => {
  it.each(['verify', 'authenticate', 'peek'] as const)('throws at %s where the lease ends meanwhile', async (ask) => {
    const acme = inMemory({ contract })
    await acme.organization()
    const { credential } = await issue(acme.lifecycle, testActor, { organization: 'acme', name: 'test' })
    let waiting = heard
    let holds = true
    const keys: KeySource = {
      async find(digest) {
        const found = await acme.store.find(digest)
        holds = false
        return found
      },
      found: (key) => acme.store.found(key),
      follow: () => ({
        check() {
          if (!holds) throw new StaleError()
          const first = waiting
          waiting = undefined
          return first
        },
      }),
    }
    const verifier = createVerifier({ contract, keys, now: acme.clock.now })
    await expect(verifier[ask]({ credential })).rejects.toMatchObject({ code: 'stale' })
  })
})
