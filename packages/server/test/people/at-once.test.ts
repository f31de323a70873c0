import { createOrganization, setMember } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { issueCliToken } from '../support/issue-cli-token.ts'
import { type Elsewhere, startElsewhere } from '../support/oidc.ts'
import { onEachDatabase } from '../support/on-each-database.ts'
import { becomeOperator, openBrowser, type SignedUp, signUp, tokenOf } from '../support/people.ts'
import { type TestServer, tester } from '../support/start-server.ts'

/** So often that what depends on who is first comes both ways. */
const rounds = Array.from({ length: 10 }, (_, round) => round)

describe('of two changes of one person at once', () => {
  onEachDatabase((start) => {
    let server: TestServer
    let operator: SignedUp
    let elsewhere: Elsewhere
    let another: Elsewhere

    beforeAll(async () => {
      // The provider says at length that it is not in production.
      vi.spyOn(console, 'info').mockImplementation(() => {})
      vi.spyOn(console, 'warn').mockImplementation(() => {})
      elsewhere = await startElsewhere()
      another = await startElsewhere('beta')
      const providers = [elsewhere, another].flatMap(({ setting }) => JSON.parse(setting))
      const env = { KEYWRIGHT_SIGN_UP: 'open', KEYWRIGHT_PROVIDERS: JSON.stringify(providers) }
      server = await start({ contract: 'holocron', env })
      for (const provider of [elsewhere, another]) provider.allow(server.control)
      operator = await becomeOperator(server)
      await createOrganization(server.lifecycle, tester, { id: 'beta', name: 'Beta' })
      for (const organization of ['acme', 'beta']) {
        await setMember(server.lifecycle, tester, { organization, user: operator.id, role: 'owner' })
      }
    })
    afterAll(async () => {
      await server?.stop()
      await elsewhere?.stop()
      await another?.stop()
    })

    const call = (method: string, path: string, body?: unknown) => operator.browser.call(method, path, body)
    const link = async (path: string, invitation: object) => tokenOf((await call('POST', path, invitation)).json.link)
    const placesOf = async (user: string) => (await server.lifecycle.store.members({ user, limit: 10 })).items
    const isOperator = async (user: string) => (await server.lifecycle.store.operator(user)) !== undefined

    async function accept({ browser }: SignedUp, invitation: string): Promise<void> {
      await browser.call('POST', '/api/auth/invitation/accept', { invitation })
    }

    async function linksFor({ email }: SignedUp): Promise<string[]> {
      return [
        await link('/v1/organizations/beta/invitations', { email, role: 'owner' }),
        await link('/v1/operators/invitations', { email }),
      ]
    }

    /** Somebody who belongs nowhere, with what makes projects as them. */
    async function newcomer() {
      const person = await signUp(server)
      for (const { organization } of await placesOf(person.id))
        await call('DELETE', `/v1/organizations/${organization}`)
      const { credential } = await issueCliToken(server.lifecycle, tester, { user: person.id, name: 'laptop' })
      const headers = { authorization: `Bearer ${credential}` }
      const makeProject = async (name: string) =>
        (await fetch(`${server.edge}/api/v0/projects`, { method: 'POST', headers, body: JSON.stringify({ name }) }))
          .status
      return { ...person, makeProject }
    }

    it('first projects are in one organization', async () => {
      const { id, makeProject } = await newcomer()
      const made = await Promise.all(rounds.map((round) => makeProject(`Project ${round}`)))
      expect(new Set(made)).toEqual(new Set([200]))
      expect(await placesOf(id)).toHaveLength(1)
    })

    it('one who is removed is left with no organization of a first project', async () => {
      for (const _ of rounds) {
        const { id, makeProject } = await newcomer()
        const removed = call('DELETE', `/v1/people/${id}`)
        await Promise.all([removed, makeProject('Docs')])
        // Or they are the owner of one by then.
        expect([200, 409]).toContain((await removed).status)
        expect(await placesOf(id)).toHaveLength((await removed).status === 200 ? 0 : 1)
      }
    })

    it('an admin takes out nobody who has just become an owner', async () => {
      const admin = await signUp(server)
      await setMember(server.lifecycle, tester, { organization: 'acme', user: admin.id, role: 'admin' })
      for (const _ of rounds) {
        const { id } = await signUp(server)
        await setMember(server.lifecycle, tester, { organization: 'acme', user: id, role: 'member' })
        const path = `/v1/organizations/acme/members/${id}`
        await Promise.all([call('PATCH', path, { role: 'owner' }), admin.browser.call('DELETE', path)])
        const { changes: events } = await server.lifecycle.store.audit({
          target: `acme/${id}`,
          newestFirst: true,
          limit: 10,
        })
        const removals = events.filter(({ action }) => action === 'member.removed')
        for (const { details } of removals) expect(details.role).toBe('member')
      }
    })

    it('one who is kept out takes no place by a link', async () => {
      for (const _ of rounds) {
        const person = await signUp(server)
        const links = await linksFor(person)
        const disabled = call('POST', `/v1/people/${person.id}/disable`)
        await Promise.all([disabled, ...links.map((one) => accept(person, one))])
        if ((await disabled).status !== 200) continue
        expect([await placesOf(person.id), await isOperator(person.id)]).toEqual([[], false])
      }
    })

    it('one who is removed leaves no place and no operator behind', async () => {
      for (const round of rounds) {
        const email = `leaver-${round}@example.com`
        const invitation = await link('/v1/organizations/acme/invitations', { email, role: 'member' })
        const person = await signUp(server, { email, invitation })
        const links = await linksFor(person)
        const removed = call('DELETE', `/v1/people/${person.id}`)
        await Promise.all([removed, ...links.map((one) => accept(person, one))])
        expect((await removed).status).toBe(200)
        expect([await placesOf(person.id), await isOperator(person.id)]).toEqual([[], false])
      }
    })

    it('one who is let in again has their places, however often they were kept out meanwhile', async () => {
      for (const _ of rounds) {
        const { id } = await signUp(server)
        const before = await placesOf(id)
        expect(before).toHaveLength(1)
        const verbs = ['disable', 'enable', 'disable', 'enable', 'disable']
        await Promise.all(verbs.map((verb) => call('POST', `/v1/people/${id}/${verb}`)))
        expect((await call('POST', `/v1/people/${id}/enable`)).json.disabledAt).toBeNull()
        expect((await placesOf(id)).map(({ organization, role }) => [organization, role])).toEqual(
          before.map(({ organization, role }) => [organization, role]),
        )
      }
    })

    it('one who is kept out keeps no terminal that was being let in', async () => {
      for (const _ of rounds.slice(0, 5)) {
        const person = await signUp(server)
        const codes = await Promise.all([1, 2, 3, 4].map(() => approvedLogin(person)))
        const polls = codes.map((device_code) => post('token', { device_code, grant_type, client_id }))
        await call('POST', `/v1/people/${person.id}/disable`)
        const tokens = (await Promise.all(polls)).flatMap(({ access_token }) => access_token ?? [])
        await call('POST', `/v1/people/${person.id}/enable`)
        for (const token of tokens) {
          const headers = { authorization: `Bearer ${token}` }
          expect((await fetch(`${server.control}/v1/whoami`, { headers })).status).toBe(401)
        }
      }
    })

    it('one who is new here and comes from a provider is let in, or told to start again, and then is who they were', async () => {
      for (const round of rounds.slice(0, 5)) {
        const login = `new-${round}`
        elsewhere.accounts.set(login, { email: `${login}@elsewhere.example`, email_verified: true, name: 'New' })
        const ways = await Promise.all([wayBack(login), wayBack(login), wayBack(login)])
        const found = await Promise.all(ways.map((way) => way()))
        for (const { to } of found) expect(['/', '/sign-in?problem=provider_refused']).toContain(to)
        const ids = found.flatMap(({ id }) => id ?? [])
        expect(new Set(ids).size).toBe(1)
        expect((await (await wayBack(login))()).id).toBe(ids[0])
      }
    })

    it('one address for which two accounts elsewhere come gets one account, and the other is told that it is taken', async () => {
      for (const round of rounds) {
        const logins = [`one-${round}`, `other-${round}`]
        const claims = { email: `both-${round}@elsewhere.example`, email_verified: true, name: 'New' }
        for (const login of logins) elsewhere.accounts.set(login, claims)
        const ways = await Promise.all(logins.map((login) => wayBack(login)))
        const found = await Promise.all(ways.map((way) => way()))
        expect(found.map(({ to }) => to).sort()).toEqual(['/', '/sign-in?problem=provider_not_linked'])
      }
    })

    it('the last two ways into an account, one stays', async () => {
      for (const round of rounds) {
        const login = `two-ways-${round}`
        const claims = { email: `${login}@elsewhere.example`, email_verified: true, name: 'New' }
        for (const { accounts } of [elsewhere, another]) accounts.set(login, claims)
        const jar = new Map<string, string>()
        const way = await wayBack(login, { jar })
        jar.set('keywright.session_token', (await way()).session ?? '')
        await (await wayBack(login, { jar, from: another, body: { provider: 'beta', link: true } }))()
        const { call } = openBrowser(server, jar)
        expect((await call('GET', '/api/auth/providers/linked')).json.providers).toHaveLength(2)
        const issuers = [elsewhere.issuer, another.issuer]
        const unlinked = issuers.map((issuer) => call('POST', '/api/auth/providers/unlink', { issuer }))
        expect((await Promise.all(unlinked)).map(({ status }) => status).sort()).toEqual([200, 409])
        expect((await call('GET', '/api/auth/providers/linked')).json.providers).toHaveLength(1)
      }
    })

    it('links that make an operator of one address are sent, of which the last one holds', async () => {
      const email = 'twice@example.com'
      await Promise.all(rounds.map(() => call('POST', '/v1/operators/invitations', { email })))
      const { items } = await server.lifecycle.store.invitations({ organization: null, limit: 100 })
      const open = items.filter((one) => one.email === email && one.revokedAt === null)
      expect(open).toHaveLength(1)
    })

    async function wayBack(
      login: string,
      { jar = new Map<string, string>(), from = elsewhere, body = { provider: 'acme' } as object } = {},
    ) {
      const browser = openBrowser(server, jar)
      const { json } = await browser.call('POST', '/api/auth/sign-in/provider', body)
      const location = await from.visit(json.location, login)
      return async () => {
        const { headers } = await fetch(location, { redirect: 'manual', headers: { cookie: browser.cookie() } })
        const cookie = headers.getSetCookie().find((line) => line.startsWith('keywright.session_token=')) ?? ''
        const [pair = ''] = cookie.split(';')
        const whoami = await fetch(`${server.control}/v1/whoami`, { headers: { cookie: pair } })
        const { id } = (await whoami.json()) as { id?: string }
        const session = pair.slice(pair.indexOf('=') + 1)
        return { to: headers.get('location')?.replace(server.control, ''), id, session }
      }
    }

    const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
    const client_id = 'holocron-cli'

    async function post(path: string, body: object) {
      const response = await fetch(`${server.control}/api/auth/device/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      return (await response.json()) as { access_token?: string; device_code: string; user_code: string }
    }

    async function approvedLogin({ browser }: SignedUp): Promise<string> {
      const { device_code, user_code } = await post('code', { client_id })
      await browser.call('GET', `/api/auth/device?user_code=${user_code}`)
      await browser.call('POST', '/api/auth/device/approve', { userCode: user_code })
      return device_code
    }
  })
})
