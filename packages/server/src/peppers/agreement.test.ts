import { createDigester } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { missingPeppers } from './agreement.ts'

const pepper = (id: string, value = id) => ({ id, value: value.repeat(32).slice(0, 32) })
const known = (...peppers: ReturnType<typeof pepper>[]) => createDigester(peppers).peppers
const node = (...peppers: ReturnType<typeof pepper>[]) => {
  return { node: 'other', fingerprints: known(...peppers).map(({ fingerprint }) => fingerprint) }
}
const [a, b, c] = [pepper('a'), pepper('b'), pepper('c')]

describe('the peppers that a process is given', () => {
  it.each([
    ['none, where none was ever used', [], [], []],
    ['the first one, where none was used so far', [a], [], []],
    ['the same as before', [a], [a], []],
    ['a new one before that', [b, a], [a], []],
    ['the newer one alone, once the older is not needed any more', [b], [a, b], ['a']],
  ])('may be %s', (_, given, before, missing) => {
    expect(missingPeppers(known(...given), { known: known(...before), nodes: [] })).toEqual(missing)
  })

  it.each([
    ['none, where keys were made under one', [], [a], /'a', which was not given/],
    ['another one alone', [b], [a], /'a', which was not given/],
    ['one with another value', [pepper('a', 'x')], [a], /another value/],
    ['an older one with another value', [c, pepper('a', 'x')], [a], /another value/],
  ])('may not be %s', (_, given, before, error) => {
    expect(() => missingPeppers(known(...given), { known: known(...before), nodes: [] })).toThrow(error)
  })

  it('must be known to every node that runs before keys are made under them', () => {
    const inUse = (...theirs: ReturnType<typeof pepper>[]) => ({ known: known(a), nodes: [node(...theirs)] })
    expect(() => missingPeppers(known(b, a), inUse(a))).toThrow("Node other runs without pepper 'b'")
    expect(missingPeppers(known(a, b), inUse(a))).toEqual([])
    expect(missingPeppers(known(b, a), inUse(a, b))).toEqual([])
    expect(() => missingPeppers(known(a), inUse(b, a))).toThrow('Node other makes keys under a pepper')
    expect(() => missingPeppers(known(a), { known: [], nodes: [node()] })).toThrow("Node other runs without pepper 'a'")
  })
})
