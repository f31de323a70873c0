import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { signInWithin } from '../../src/routes/auth/sign-in.ts'
import { createPeople } from '../../src/sign-in/better-auth.ts'
import { openSqlite } from '../../src/stores/open-sqlite.ts'
import { openPeopleFile } from '../../src/stores/people-database.ts'
import { goodPassword } from '../support/people.ts'

const visit = { headers: new Headers(), address: null }

function openSignIn() {
  const folder = mkdtempSync(join(tmpdir(), 'keywright-test-'))
  const store = openSqlite(join(folder, 'keywright.db'))
  const { attempts } = store.signIn
  const people = createPeople({
    database: openPeopleFile(join(folder, 'people.db')),
    secret: 'a-secret-of-the-tests-with-many-characters',
    isSecure: false,
    passkeyHost: 'localhost',
    attempts,
    warn: () => {},
  })
  onTestFinished(async () => {
    await people.close()
    await store.close()
    rmSync(folder, { recursive: true })
  })
  return { people, attempts }
}

it('many who sign in at once keep nobody from reading a file, and those who would wait for long are told so', async () => {
  const { people } = openSignIn()
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

it('who is turned away since many sign in at once has not failed, and is let in when they come again', async () => {
  const signIn = openSignIn()
  const { people } = signIn
  const own = { email: 'somebody@example.com', password: goodPassword }
  await people.signUp({ ...own, name: 'Somebody' }, visit)
  const comes = (password: string) => signInWithin(signIn, { ...own, password }, visit, new Date())
  for (let i = 0; i < 9; i++) expect(await comes('a guess')).toBeNull()

  let isBusy = true
  const keepBusy = async (_: unknown, i: number) => {
    while (isBusy) await people.signIn({ email: `${i}@example.com`, password: 'a guess' }, visit)
  }
  const all = Promise.all(Array.from({ length: 50 }, keepBusy))
  for (let i = 0; i < 2; i++) await expect(comes(goodPassword)).rejects.toMatchObject({ code: 'unavailable' })
  isBusy = false
  await all
  expect(await comes(goodPassword)).toHaveProperty('person')
}, 120_000)
