import type { Key } from '@keywright/client'
import { expect, it } from 'vitest'
import { keyExample } from '../../routes/keys/example.ts'
import { keyFacts } from './keys-show.ts'

const key = keyExample as Key

it.each([
  [null, false, 'the default'],
  [[], false, 'none'],
  [key.limits, false, '100 in 60 s per key'],
  [key.limits, true, '100 in 60 s per key, beside the default'],
])('a key with the limits %j, beside the usual: %j', (limits, limitsBeside, told) => {
  expect(keyFacts({ ...key, limits, limitsBeside })).toMatch(new RegExp(`^limits +${told}$`, 'm'))
})

it('a key that no member made is of the operator, or of a machine', () => {
  expect(keyFacts({ ...key, createdBy: null })).toMatch(/^made by +the operator, or a machine$/m)
})
