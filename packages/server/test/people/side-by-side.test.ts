import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { createPeople } from '../../src/sign-in/better-auth.ts'
import { openPeopleFile } from '../../src/stores/people-database.ts'
import { goodPassword, openBrowser, signUp } from '../support/people.ts'
import { testPostgres } from '../support/postgres.ts'
import { startServer } from '../support/start-server.ts'

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

it('who is turned away since many sign in at once is told when to come again, and is let in then', async () => {
  const postgres = await testPostgres()
  const database = await postgres.createDatabase()
  const env = { KEYWRIGHT_SECRET: 'a-secret-of-the-tests-with-many-characters', KEYWRIGHT_SIGN_UP: 'open' }
  const server = await startServer({ contract: 'keywright', database, env, trustedProxy: ['127.0.0.1/32'] })
  const holder = new Client({ connectionString: database })
  await holder.connect()
  onTestFinished(async () => {
    await holder.end()
    await server.stop()
    await postgres.stop()
  })
  const { email } = await signUp(server)
  const signIn = (address: string, network: number, password = goodPassword) => {
    const headers = { 'x-forwarded-for': `2001:db8:0:${network}::1` }
    const body = { email: address, password }
    return openBrowser(server).call('POST', '/api/auth/sign-in/email', body, headers)
  }
  for (let i = 0; i < 9; i++) expect((await signIn(email, 0, 'a guess')).status).toBe(401)
  await holder.query('begin; lock table kw_people in access exclusive mode')
  let over = 0
  const all = Array.from({ length: 60 }, (_, i) => signIn(`${i}@example.com`, i + 1).finally(() => over++))
  await expect.poll(() => over, { timeout: 5_000 }).toBe(10)
  for (let i = 0; i < 2; i++) {
    const { status, headers, json } = await signIn(email, 0)
    expect([status, json.code, headers.get('retry-after')]).toEqual([503, 'unavailable', '1'])
    expect(json.detail).toMatch(/Try again in a moment\.$/)
  }
  // Those who wait are done with no hash.
  await holder.query('alter table kw_people rename to kw_elsewhere; commit')
  await Promise.all(all)
  await holder.query('alter table kw_elsewhere rename to kw_people')
  expect((await signIn(email, 0)).status).toBe(200)
}, 60_000)
