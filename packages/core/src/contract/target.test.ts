import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import targets from '../../../../spec/attacks/targets.json' with { type: 'json' }
import { readTarget } from './target.ts'

describe('readTarget', () => {
  it.each(targets.accepted)('reads $target as $path', ({ target, path, query }) => {
    expect(readTarget(target)).toEqual({ path, query })
  })

  it.each(targets.refused)('refuses $target: $why', ({ target }) => {
    expect(readTarget(target)).toBeNull()
  })

  it('refuses every control character and every character beyond ASCII, raw, wherever it stands', () => {
    for (let code = 0; code < 0x180; code++) {
      if (code >= 0x20 && code < 0x7f) continue
      const character = String.fromCharCode(code)
      expect(readTarget(`/v1/a${character}b`)).toBeNull()
      expect(readTarget(`/v1/a?b=${character}`)).toBeNull()
    }
  })

  it('reads what it has written the same way again', () => {
    fc.assert(
      fc.property(someTarget, (raw) => {
        const target = readTarget(raw)
        if (target) expect(readTarget(target.path)).toEqual({ path: target.path, query: null })
      }),
    )
  })

  it('refuses unreserved characters that are encoded more than once, and no others but NUL, slash and backslash', () => {
    for (let code = 0; code < 256; code++) {
      const digits = code.toString(16).padStart(2, '0')
      const isRefused = /[\0/\\A-Za-z0-9._~-]/.test(String.fromCharCode(code))
      for (const path of [`/v1/%25${digits}`, `/v1/%2525${digits.toUpperCase()}`]) {
        expect([path, readTarget(path) === null]).toEqual([path, isRefused])
      }
    }
  })

  it('lets nothing through that decodes, once or twice, to another number of segments or to dot segments', () => {
    fc.assert(
      fc.property(someTarget, (raw) => {
        const path = readTarget(raw)?.path
        if (path === undefined) return
        const segments = path.split('/')
        for (const decoded of [latin1Decoded(path), latin1Decoded(latin1Decoded(path))]) {
          expect(decoded.split(/[/\\]/)).toHaveLength(segments.length)
          expect(decoded.split('/')).not.toContain('..')
          expect(decoded.split('/')).not.toContain('.')
          expect(decoded).not.toContain('\0')
        }
      }),
      { numRuns: 20_000 },
    )
  })
})

const someTarget = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '/',
        '.',
        '..',
        '%2e',
        '%2E',
        '%2f',
        '%5c',
        '%25',
        '%252e',
        '%00',
        '%',
        ';',
        '\\',
        '?',
        '#',
        '%61',
      ),
      fc.constantFrom('v1', 'get', 'default', 'ns', 'é', ' ', '\t', '~', '%7e', '%C3%A9', '%2', '25', '2e', '2f', '5c'),
    ),
    { maxLength: 12 },
  )
  .map((parts) => `/${parts.join('')}`)

function latin1Decoded(path: string): string {
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}
