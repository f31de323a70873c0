import { createOrganization, type KeyRecord, setMember } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startUpstream } from '../support/echo-upstream.ts'
import { issueCliToken } from '../support/issue-cli-token.ts'
import { onEachDatabase } from '../support/on-each-database.ts'
import { becomeOperator, goodPassword, openBrowser, type SignedUp, signUp, tokenOf } from '../support/people.ts'
import { type TestServer, tester } from '../support/start-server.ts'

onEachDatabase((start) => {
  let server: TestServer
  let operator: SignedUp
  let upstream: Awaited<ReturnType<typeof startUpstream>>

  beforeAll(async () => {
    upstream = await startUpstream()
    server = await start({ contract: 'handinger', upstream: upstream.url, env: { KEYWRIGHT_SIGN_UP: 'open' } })
    operator = await becomeOperator(server)
  })
  afterAll(async () => {
    await server?.stop()
    await upstream?.stop()
  })

  async function join(organization: string, role: string): Promise<SignedUp> {
    const email = `${role}-${Math.random().toString(36).slice(2)}@example.com`
    const { json } = await operator.browser.call('POST', `/v1/organizations/${organization}/invitations`, {
      email,
      role,
    })
    return signUp(server, { email, invitation: tokenOf(json.link) })
  }

  async function keyOf({ browser }: SignedUp, organization = 'acme') {
    const { json } = await browser.call('POST', '/v1/keys', { organization, name: 'Own' })
    const use = () => fetch(`${server.edge}/api/workers`, { headers: { authorization: `Bearer ${json.credential}` } })
    return { id: json.id as string, use: async () => (await use()).status }
  }

  async function terminalOf({ id }: SignedUp) {
    const { credential } = await issueCliToken(server.lifecycle, tester, { user: id, name: 'laptop' })
    const headers = { authorization: `Bearer ${credential}` }
    return async () => (await fetch(`${server.control}/v1/whoami`, { headers })).status
  }

  const call = (method: string, path: string, body?: unknown) => operator.browser.call(method, path, body)
  const signIn = (email: string) =>
    openBrowser(server).call('POST', '/api/auth/sign-in/email', { email, password: goodPassword })

  describe('an operator', () => {
    it('is asked for the password, and not for a session alone, before their own second factor is gone', async () => {
      for (const [method, path] of [
        ['DELETE', '/second-factor'],
        ['POST', '/disable'],
        ['DELETE', ''],
      ] as const) {
        const { status, json } = await call(method, `/v1/people/${operator.id}${path}`)
        expect([status, json.code]).toEqual([409, 'conflict'])
      }
    })
  })

  describe('an invitation', () => {
    it('leaves a place that somebody has as it is, and says what that is', async () => {
      const bea = await join('acme', 'member')
      const { json } = await call('POST', '/v1/organizations/acme/invitations', { email: bea.email, role: 'admin' })
      const invitation = tokenOf(json.link)
      const taken = await bea.browser.call('POST', '/api/auth/invitation/accept', { invitation })
      expect([taken.status, taken.json.role]).toEqual([200, 'member'])
      expect((await server.lifecycle.store.member('acme', bea.id))?.role).toBe('member')
    })

    it('to run the instance changes nothing for who runs it', async () => {
      const before = await server.lifecycle.store.operator(operator.id)
      const { json } = await call('POST', '/v1/operators/invitations', { email: operator.email })
      await call('POST', '/api/auth/invitation/accept', { invitation: tokenOf(json.link) })
      expect(await server.lifecycle.store.operator(operator.id)).toEqual(before)
      const { changes: events } = await server.lifecycle.store.audit({
        target: operator.id,
        newestFirst: false,
        limit: 10,
      })
      expect(events.filter(({ action }) => action === 'operator.added')).toHaveLength(1)
    })
  })

  describe('an account that is disabled', () => {
    it('can do nothing from then on, and nor can its sessions, terminals and keys', async () => {
      const ann = await join('acme', 'admin')
      const key = await keyOf(ann)
      const terminal = await terminalOf(ann)
      expect([await key.use(), await terminal()]).toEqual([200, 200])
      const { status, json } = await call('POST', `/v1/people/${ann.id}/disable`)
      expect([status, json.disabledAt === null]).toEqual([200, false])
      expect([await key.use(), await terminal()]).toEqual([401, 401])
      expect((await ann.browser.call('GET', '/v1/whoami')).status).toBe(401)
      const refused = await signIn(ann.email)
      expect([refused.status, refused.json.code]).toEqual([401, 'sign_in_failed'])
    })

    it('has its places again when it is let in, and its keys work', async () => {
      const ann = await join('acme', 'admin')
      const key = await keyOf(ann)
      await call('POST', `/v1/people/${ann.id}/disable`)
      await call('POST', `/v1/people/${ann.id}/disable`)
      expect((await call('POST', `/v1/people/${ann.id}/enable`)).json.disabledAt).toBeNull()
      expect(await key.use()).toBe(200)
      const browser = openBrowser(server)
      await browser.call('POST', '/api/auth/sign-in/email', { email: ann.email, password: goodPassword })
      expect((await browser.call('GET', '/v1/whoami')).json.organizations).toMatchObject([
        { id: 'acme', role: 'admin' },
      ])
    })

    it('gets no letter, and no session by a link that was made before', async () => {
      const ann = await join('acme', 'member')
      const { json } = await operator.browser.call('POST', '/v1/people/password-links', { email: ann.email })
      await call('POST', `/v1/people/${ann.id}/disable`)
      const body = { token: tokenOf(json.link), password: goodPassword }
      await openBrowser(server).call('POST', '/api/auth/password/reset', body)
      expect((await signIn(ann.email)).status).toBe(401)
    })

    it('takes no place by a link, and so its keys stay refused', async () => {
      const { json: machine } = await call('POST', '/v1/service-keys', { name: 'portal', permissions: ['manage'] })
      const link = async () => {
        const headers = { authorization: `Bearer ${machine.credential}`, 'content-type': 'application/json' }
        const body = JSON.stringify({ organization: 'acme', user: 'frank', role: 'admin' })
        const response = await fetch(`${server.control}/v1/portal-sessions`, { method: 'POST', headers, body })
        return { portal: tokenOf(((await response.json()) as { link: string }).link) }
      }
      const browser = openBrowser(server)
      const { id } = (await browser.call('POST', '/api/auth/portal', await link())).json.person
      const key = await keyOf({ id, email: '', browser })
      expect((await call('POST', `/v1/people/${id}/disable`)).status).toBe(200)
      expect(await key.use()).toBe(401)
      expect((await browser.call('POST', '/api/auth/portal', await link())).status).toBe(410)
      expect(await key.use()).toBe(401)
      const { members } = (await call('GET', '/v1/organizations/acme/members')).json
      expect(members.map(({ user }: { user: string }) => user)).not.toContain(id)
      expect((await call('POST', `/v1/people/${id}/enable`)).status).toBe(200)
      expect((await browser.call('POST', '/api/auth/portal', await link())).status).toBe(200)
    })

    it('is told of once in the audit log, and nothing is that was so before', async () => {
      const ann = await join('acme', 'member')
      const path = `/v1/people/${ann.id}`
      const calls = ['/enable', '/disable', '/disable', '/enable', '/enable'].map((verb) => ['POST', verb] as const)
      for (const [method, rest] of [...calls, ['DELETE', '/second-factor'] as const]) {
        expect((await call(method, path + rest)).status).toBe(200)
      }
      const { changes: events } = await server.lifecycle.store.audit({ target: ann.id, newestFirst: false, limit: 10 })
      expect(events.map(({ action }) => action)).toEqual(['person.disabled', 'person.enabled'])
    })

    it('is not one’s own, nor an operator’s', async () => {
      for (const path of [`/v1/people/${operator.id}/disable`]) {
        const { status, json } = await call('POST', path)
        expect([status, json.code]).toEqual([409, 'conflict'])
      }
      expect((await call('DELETE', `/v1/people/${operator.id}`)).status).toBe(409)
    })
  })

  describe('removing an account', () => {
    it('counts first, and takes places, keys, terminals and sessions with it', async () => {
      const ann = await join('acme', 'admin')
      const key = await keyOf(ann)
      const terminal = await terminalOf(ann)
      const counted = { user: ann.id, organizations: 1, keys: 1, cliTokens: 1, sessions: 1 }
      expect((await call('DELETE', `/v1/people/${ann.id}?dryRun=true`)).json).toEqual({ ...counted, dryRun: true })
      expect([await key.use(), await terminal()]).toEqual([200, 200])
      expect((await call('DELETE', `/v1/people/${ann.id}`)).json).toEqual({ ...counted, dryRun: false })
      expect([await key.use(), await terminal()]).toEqual([401, 401])
      expect((await ann.browser.call('GET', '/v1/whoami')).status).toBe(401)
      expect((await signIn(ann.email)).status).toBe(401)
      expect((await call('DELETE', `/v1/people/${ann.id}`)).status).toBe(404)
      const { events } = (await call('GET', '/v1/audit?limit=50')).json
      expect(events[0]).toMatchObject({ action: 'person.removed', target: ann.id, actor: { id: operator.id } })
    })

    it('takes as much of one that is disabled', async () => {
      const ann = await join('acme', 'admin')
      const key = await keyOf(ann)
      await call('POST', `/v1/people/${ann.id}/disable`)
      const counted = { user: ann.id, organizations: 1, keys: 1, cliTokens: 0, sessions: 0 }
      expect((await call('DELETE', `/v1/people/${ann.id}?dryRun=true`)).json).toEqual({ ...counted, dryRun: true })
      expect((await server.lifecycle.store.key(key.id))?.revokedAt).toBeNull()
      expect((await call('DELETE', `/v1/people/${ann.id}`)).json).toEqual({ ...counted, dryRun: false })
      expect((await server.lifecycle.store.key(key.id))?.revokedAt).not.toBeNull()
    })

    it('does not mind a place of a disabled one whose organization is deleted', async () => {
      await call('POST', '/v1/organizations', { id: 'short-lived', name: 'Short' })
      const ann = await join('short-lived', 'owner')
      await call('POST', `/v1/people/${ann.id}/disable`)
      await call('DELETE', '/v1/organizations/short-lived')
      expect((await call('DELETE', `/v1/people/${ann.id}`)).json).toMatchObject({ organizations: 0, keys: 0 })
    })

    it('leaves no organization without an owner, and then nothing is changed', async () => {
      const owner = await signUp(server)
      const [{ id }] = (await owner.browser.call('GET', '/v1/whoami')).json.organizations
      const admin = await join('acme', 'admin')
      await operator.browser.call('POST', `/v1/organizations/${id}/invitations`, { email: admin.email, role: 'admin' })
      const key = await keyOf(owner, id)
      for (const query of ['?dryRun=true', '']) {
        const { status, json } = await call('DELETE', `/v1/people/${owner.id}${query}`)
        expect([status, json.code]).toEqual([409, 'conflict'])
      }
      expect(await key.use()).toBe(200)
      expect((await owner.browser.call('GET', '/v1/whoami')).status).toBe(200)
    })

    it('leaves none without an owner who is only disabled', async () => {
      const owner = await signUp(server)
      const [{ id }] = (await owner.browser.call('GET', '/v1/whoami')).json.organizations
      const key = await keyOf(owner, id)
      await call('POST', `/v1/people/${owner.id}/disable`)
      for (const query of ['?dryRun=true', '']) {
        const { status, json } = await call('DELETE', `/v1/people/${owner.id}${query}`)
        expect([status, json.code]).toEqual([409, 'conflict'])
      }
      await call('POST', `/v1/people/${owner.id}/enable`)
      expect(await key.use()).toBe(200)
    })

    it('ends any number of keys, wherever they are, and none where it is refused', async () => {
      const { lifecycle } = server
      const ann = await join('acme', 'admin')
      const key = await keyOf(ann)
      const { organization: other } = await createOrganization(lifecycle, tester, { name: 'Other' })
      const place = { organization: other.id, role: 'owner' } as const
      await setMember(lifecycle, tester, { ...place, user: ann.id })
      await lifecycle.store.transact(async (transaction) => {
        const made = { ...((await transaction.key(key.id)) as KeyRecord), versions: [] }
        for (const organization of ['acme', other.id]) {
          const many = Array.from({ length: 700 }, (_, i) => ({ ...made, id: `${organization}${i}`, organization }))
          await Promise.all(many.map(transaction.putKey))
        }
        const event = { action: 'key.imported', organization: 'acme', target: 'acme', actor: tester } as const
        transaction.record({ ...event, at: lifecycle.now(), details: {} })
      })
      expect((await call('DELETE', `/v1/people/${ann.id}`)).status).toBe(409)
      expect(await key.use()).toBe(200)

      await setMember(lifecycle, tester, { ...place, user: operator.id })
      const { json } = await call('DELETE', `/v1/people/${ann.id}`)
      expect(json).toMatchObject({ organizations: 2, keys: 1401 })
      const { items } = await lifecycle.store.keys({ createdBy: ann.id, limit: 2_000 })
      expect(items.filter(({ revokedAt }) => revokedAt === null)).toEqual([])
      const { events } = (await call('GET', `/v1/audit?organization=${other.id}&limit=1`)).json
      expect(events[0]).toMatchObject({ action: 'member.removed', details: { keys: 700 } })
    })

    it('lets the address be used anew, by somebody who has none of the old places', async () => {
      const ann = await join('acme', 'admin')
      await call('DELETE', `/v1/people/${ann.id}`)
      const again = await signUp(server, { email: ann.email })
      expect(again.id).not.toBe(ann.id)
      const { organizations } = (await again.browser.call('GET', '/v1/whoami')).json
      expect(organizations.map(({ id }: { id: string }) => id)).not.toContain('acme')
    })
  })

  describe('all accounts', () => {
    it('are listed for operators in pages, each once', async () => {
      const ids: string[] = []
      let path = '/v1/people?limit=2'
      for (;;) {
        const { people, nextCursor } = (await call('GET', path)).json
        ids.push(...people.map(({ id }: { id: string }) => id))
        if (nextCursor === null) break
        path = `/v1/people?limit=2&cursor=${nextCursor}`
      }
      expect(new Set(ids).size).toBe(ids.length)
      expect(ids).toContain(operator.id)
    })
  })
})
