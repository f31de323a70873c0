import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createPeople } from '../../src/sign-in/better-auth.ts'
import { openPeopleFile } from '../../src/stores/people-database.ts'

it('many who sign in at once keep nobody from reading a file, and those who would wait for long are told so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keywright-test-'))
  const people = createPeople({
    database: openPeopleFile(join(folder, 'people.db')),
    secret: 'a-secret-of-the-tests-with-many-characters',
    isSecure: false,
    passkeyHost: 'localhost',
    attempts: { count: async () => ({ count: 1, endsAt: new Date() }) },
    warn: () => {},
  })
  onTestFinished(async () => {
    await people.close()
    rmSync(folder, { recursive: true })
  })
  const visit = { headers: new Headers(), address: null }
  let over = 0
  const one = async (_: unknown, i: number) => {
    const answer = await people.signIn({ email: `${i}@example.com`, password: 'a guess' }, visit).finally(() => over++)
    return answer === null ? 'refused' : 'let in'
  }
  const all = Promise.allSettled(Array.from({ length: 60 }, one))
  // Those who were turned away, and the first whose password was looked at.
  await expect.poll(() => over, { interval: 1 }).toBeGreaterThan(10)
  await readFile(import.meta.filename)
  expect(over).toBeLessThan(60)

  const results = await all
  expect(results.filter((it) => it.status === 'fulfilled' && it.value === 'refused')).toHaveLength(50)
  const turnedAway = results.flatMap((it) => (it.status === 'rejected' ? it.reason : []))
  expect(turnedAway).toHaveLength(10)
  for (const problem of turnedAway)
    expect(problem).toMatchObject({ code: 'unavailable', headers: { 'retry-after': '1' } })
}, 120_000)
