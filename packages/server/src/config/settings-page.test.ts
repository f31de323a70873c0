import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Setting, settings } from './settings.ts'

const page = readFileSync(new URL('../../../../docs/settings.md', import.meta.url), 'utf8')
const rows = page.split('\n').filter((line) => line.startsWith('| `'))
const all: [string, Setting][] = Object.entries(settings)

describe('the page of settings', () => {
  it.each(all)('has a row for %s that is true', (name, { variable, flag, fallback, notInFile }) => {
    const row = rows.find((line) => line.split('|')[1]?.includes(`\`${name}\``)) ?? ''
    expect(row).toContain(`\`${variable}\``)
    if (flag) expect(row).toContain(`--${flag.name}`)
    else expect(row).not.toContain('`--')
    if (typeof fallback !== 'object') expect(row).toContain(`\`${fallback}\``)
    expect(row.includes('Not in the file')).toBe(notInFile === true)
  })

  it('names no variable that is not there', () => {
    const known = new Set([...all.map(([, { variable }]) => variable), 'KEYWRIGHT_CONFIG'])
    const named = [...page.matchAll(/KEYWRIGHT_[A-Z_]*[A-Z]/g)].map(([variable]) => variable)
    expect(named.filter((variable) => !known.has(variable))).toEqual([])
  })
})
