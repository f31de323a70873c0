import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { inTurns } from './in-turns.ts'

it('rows of a bulk call are read in their order, and others go on after each hundred', async () => {
  const rows = Array.from({ length: 250 }, (_, place) => `row ${place}`)
  let isOver = false
  let turns = 0
  const reading = inTurns(rows, async (row, place) => ({ row, place, turns })).finally(() => {
    isOver = true
  })
  for (; !isOver; turns++) await setImmediate()
  const read = await reading
  expect(read.map(({ row, place }) => [row, place])).toEqual(rows.map((row, place) => [row, place]))
  expect(new Set(read.map((one) => one.turns)).size).toBe(3)
})
