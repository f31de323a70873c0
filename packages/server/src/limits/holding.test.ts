import type { Meter } from '@keywright/core'
import { expect, it } from 'vitest'
import { Holdings } from './holding.ts'

const meter = (subject: string): Meter => ({
  limit: { requests: 100, windowSeconds: 60, per: 'key', kind: 'window' },
  subject,
  slot: -1,
})

it('what is held of limits that were forgotten for newer ones is given back all the same', () => {
  const holdings = new Holdings()
  const [first, second] = [meter('first'), meter('second')]
  const held = holdings.of(first)
  Object.assign(held, { held: 5, until: 1_000 })
  holdings.hold([held, holdings.of(second)])
  let newest = held
  for (let count = 0; count < 500_000; count++) {
    newest = holdings.of(meter(`key_${count}`))
    if (count === 300_000) expect([holdings.of(first), holdings.of(meter('first'))]).toEqual([held, held])
  }
  expect([holdings.of(first) === held, holdings.of(meter('first')) === held]).toEqual([false, false])
  expect(holdings.of(meter(newest.subject))).toBe(newest)
  expect([holdings.over(999), holdings.over(1_000)]).toEqual([[], [held]])
  held.held = 0
  expect(holdings.over(1_000)).toEqual([])
}, 120_000)
