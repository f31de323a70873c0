import { copyFileSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { Actor } from '@keywright/core'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { issueCliToken } from '../support/issue-cli-token.ts'
import { becomeOperator, goodPassword, openBrowser, type SignedUp, signUp, tokenOf } from '../support/people.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

const better = 'a much better password'
let server: TestServer
let operator: SignedUp

beforeAll(async () => {
  server = await startServer({ contract: 'keywright', env: { KEYWRIGHT_SIGN_UP: 'open' } })
  operator = await becomeOperator(server)
})
afterAll(() => server.stop())

async function signIn(email: string, password: string) {
  const browser = openBrowser(server)
  const { status } = await browser.call('POST', '/api/auth/sign-in/email', { email, password })
  return { browser, status }
}

describe('changing a password', () => {
  it('asks for the current one, and ends every other session', async () => {
    const ann = await signUp(server)
    const elsewhere = (await signIn(ann.email, goodPassword)).browser
    const before = ann.browser.cookie()
    const change = (current: string) => ann.browser.call('POST', '/api/auth/password', { current, password: better })
    expect((await change('not the current one')).json.code).toBe('sign_in_failed')
    expect((await change(goodPassword)).json.person.id).toBe(ann.id)
    expect((await elsewhere.call('GET', '/v1/whoami')).status).toBe(401)
    expect((await fetch(`${server.control}/v1/whoami`, { headers: { cookie: before } })).status).toBe(401)
    expect((await ann.browser.call('GET', '/v1/whoami')).status).toBe(200)
    expect([(await signIn(ann.email, goodPassword)).status, (await signIn(ann.email, better)).status]).toEqual([
      401, 200,
    ])
  })

  it('is not acknowledged where people.db is no longer in its place, where it would be gone with the process', async () => {
    const ann = await signUp(server)
    const change = () => ann.browser.call('POST', '/api/auth/password', { current: goodPassword, password: better })
    const file = join(server.folder, 'data', 'people.db')
    renameSync(file, `${file}.away`)
    copyFileSync(`${file}.away`, file)
    const answer = await change()
    renameSync(`${file}.away`, file)
    expect(answer.status).toBe(503)
    expect((await change()).status).toBe(200)
  })

  it('cannot be used to find the current one out', async () => {
    const ann = await signUp(server)
    const body = { current: 'a guess', password: better }
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => ann.browser.call('POST', '/api/auth/password', body)),
    )
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(2)
  })
})

describe('a new password', () => {
  it.each(['changed', 'set by a link'])(
    'that is %s is none where logins from terminals cannot be ended',
    async (how) => {
      const { id, email, browser } = await signUp(server)
      const { json } = await operator.browser.call('POST', '/v1/people/password-links', { email })
      const actor: Actor = { type: 'user', id, triggeredBy: 'cli', address: null, requestId: null }
      const { credential } = await issueCliToken(server.lifecycle, actor, { user: id, name: 'laptop' })
      const set = () =>
        how === 'changed'
          ? browser.call('POST', '/api/auth/password', { current: goodPassword, password: better })
          : openBrowser(server).call('POST', '/api/auth/password/reset', {
              token: tokenOf(json.link),
              password: better,
            })
      const database = new BetterSqlite3(join(server.folder, 'data', 'keywright.db'), { timeout: 2_000 })
      database.exec("create trigger fail before update on kw_cli_tokens begin select raise(abort, 'full'); end")
      expect((await set()).status).toBe(500)
      database.exec('drop trigger fail')
      database.close()
      expect([(await signIn(email, better)).status, (await signIn(email, goodPassword)).status]).toEqual([401, 200])
      expect((await set()).status).toBe(200)
      const headers = { authorization: `Bearer ${credential}` }
      expect((await fetch(`${server.control}/v1/whoami`, { headers })).status).toBe(401)
    },
  )
})

describe('a link for who has forgotten theirs', () => {
  const link = async (email: string) => {
    const { status, json } = await operator.browser.call('POST', '/v1/people/password-links', { email })
    return { status, token: status === 201 ? new URL(json.link).hash.slice(1) : '' }
  }
  /** Where no mail is sent, it is in the log. */
  const forgotten = async (email: string) => {
    const tokens = () => [...server.log().matchAll(/reset-password#([\w-]+)/g)].map(([, token = '']) => token)
    const before = tokens().length
    await openBrowser(server).call('POST', '/api/auth/password/forgot', { email })
    await expect.poll(() => tokens().length).toBe(before + 1)
    return tokens().at(-1) ?? ''
  }
  const reset = (token: string, password = better) =>
    openBrowser(server).call('POST', '/api/auth/password/reset', { token, password })

  it('sets a new one, once, and ends all sessions', async () => {
    const ann = await signUp(server)
    const { token } = await link(ann.email.toUpperCase())
    expect((await reset(token)).json.person.id).toBe(ann.id)
    expect((await ann.browser.call('GET', '/v1/whoami')).status).toBe(401)
    expect((await reset(token, 'and another one')).status).toBe(410)
    expect([(await signIn(ann.email, goodPassword)).status, (await signIn(ann.email, better)).status]).toEqual([
      401, 200,
    ])
  })

  it('is not ended by whoever says that they have forgotten it, and ends theirs', async () => {
    const ann = await signUp(server)
    const before = await forgotten(ann.email)
    const { token } = await link(ann.email)
    expect((await reset(before)).status).toBe(410)
    const first = await forgotten(ann.email)
    const second = await forgotten(ann.email)
    expect((await reset(first)).status).toBe(410)
    expect((await reset(token)).status).toBe(200)
    expect((await reset(second)).status).toBe(410)
  })

  it('is used by one of many who have it', async () => {
    const { token } = await link((await signUp(server)).email)
    const answers = await Promise.all(Array.from({ length: 4 }, (_, i) => reset(token, `password number ${i}`)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('is an operator’s to make, and in the audit', async () => {
    const ann = await signUp(server)
    const { status } = await ann.browser.call('POST', '/v1/people/password-links', { email: operator.email })
    expect(status).toBe(403)
    expect((await link('nobody@example.com')).status).toBe(404)
    await link(ann.email)
    const { events } = (await operator.browser.call('GET', '/v1/audit')).json
    expect(events[0]).toMatchObject({
      action: 'person.password_link_created',
      target: ann.id,
      actor: { id: operator.id },
    })
  })

  it('is in the database as a digest alone, and cannot be guessed', async () => {
    const { token } = await link((await signUp(server)).email)
    const copy = join(server.folder, 'copy.db')
    for (const file of readdirSync(join(server.folder, 'data')).filter((name) => name.startsWith('people.db'))) {
      copyFileSync(join(server.folder, 'data', file), copy + file.slice('people.db'.length))
    }
    const database = new BetterSqlite3(copy)
    const rows = database.prepare('select * from kw_verifications').all()
    database.close()
    expect(rows.length).toBeGreaterThan(0)
    expect(JSON.stringify(rows)).not.toContain(token)
    for (const row of rows as { identifier: string }[]) {
      expect((await reset(row.identifier)).status).toBe(410)
      expect((await reset(row.identifier.replace('reset-password:', ''))).status).toBe(410)
    }
  })
})
