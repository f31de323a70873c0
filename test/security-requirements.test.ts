import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const page = readFileSync(new URL('../docs/security-requirements.md', import.meta.url), 'utf8')
const named = [...page.matchAll(/`([^`]+\.ts)` › (.+?)(?=<br>| \|)/g)].map(([, file = '', name = '']) => ({
  file,
  name,
}))

it('every line of the security requirements names tests', () => {
  const lines = page.split('\n').filter((line) => /^\| \d/.test(line))
  expect(lines.length).toBeGreaterThan(40)
  for (const line of lines) expect(line).toContain('.ts` › ')
})

it.each(named)('$file has the test "$name"', ({ file, name }) => {
  const source = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
  expect(source.replaceAll("\\'", "'")).toContain(name)
})
