import { parseContract } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { builtIn } from './index.ts'

describe('the built-in contracts', () => {
  it('are found by their own names', () => {
    expect(Object.keys(builtIn)).toEqual(['keywright', 'holocron', 'holonomix', 'hopx', 'operate', 'handinger'])
    for (const [name, contract] of Object.entries(builtIn)) expect(contract.name).toBe(name)
  })

  it('can be written down as JSON and read back', () => {
    for (const contract of Object.values(builtIn)) {
      expect(parseContract(JSON.parse(JSON.stringify(contract)))).toEqual(contract)
    }
  })

  it('have keys that are never taken for those of another', () => {
    const prefixes = Object.values(builtIn).flatMap(({ key }) => key.forms.map(({ prefix }) => prefix))
    expect(new Set(prefixes).size).toBe(prefixes.length)
  })
})
