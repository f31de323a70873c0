import { expect, it } from 'vitest'
import { table } from './table.ts'

it('a table is as wide as its widest cell, however many rows it has', () => {
  const rows = [['acme', 'Acme'], ...Array.from({ length: 200_000 }, () => ['', ''])]
  const lines = table(['ID', 'NAME'], rows).split('\n')
  expect([lines.length, lines[0], lines[1]]).toEqual([200_002, 'ID    NAME', 'acme  Acme'])
})
