import { type Role, setMember } from '@keywright/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addOperatorIn } from '../../src/access/operators.ts'
import { becomeOperator, openBrowser, type SignedUp, signUp, tokenOf } from '../support/people.ts'
import { serviceKey, startServer, type TestServer, tester } from '../support/start-server.ts'

let server: TestServer
let operator: SignedUp
let count = 0

beforeAll(async () => {
  server = await startServer({ contract: 'handinger' })
  operator = await becomeOperator(server)
})
afterAll(() => server.stop())

/** An organization of its own, and a way to have people in it. */
async function found() {
  const organization = `org-${++count}`
  await operator.browser.call('POST', '/v1/organizations', { id: organization, name: organization })
  const path = `/v1/organizations/${organization}`
  const invite = (email: string, role: string, by = operator) =>
    by.browser.call('POST', `${path}/invitations`, { email, role })
  const join = async (role: Role) => {
    const email = `${role}-${++count}@example.com`
    return signUp(server, { email, invitation: tokenOf((await invite(email, role)).json.link) })
  }
  return { organization, path, invite, join }
}

describe('an invitation', () => {
  it('gives its place to the address it is for, once', async () => {
    const { path, invite } = await found()
    const { status, json } = await invite('Bob@Example.com', 'admin')
    expect([status, json.role, json.email]).toEqual([201, 'admin', 'bob@example.com'])
    const invitation = tokenOf(json.link)
    const other = { email: 'eve@example.com', password: 'a good long password', name: 'Eve', invitation }
    expect((await openBrowser(server).call('POST', '/api/auth/sign-up/email', other)).json.code).toBe(
      'invitation_invalid',
    )
    const bob = await signUp(server, { email: 'bob@example.com', invitation })
    expect((await bob.browser.call('GET', `${path}/members`)).json.members).toMatchObject([
      { user: bob.id, email: 'bob@example.com', role: 'admin' },
    ])
    const again = await openBrowser(server).call('POST', '/api/auth/invitation', { invitation })
    expect([again.status, again.json.code]).toEqual([410, 'invitation_invalid'])
  })

  it('is taken by somebody who has an account with that account', async () => {
    const [one, two] = [await found(), await found()]
    const ann = await one.join('member')
    const stranger = await one.join('member')
    const invitation = tokenOf((await two.invite(ann.email, 'owner')).json.link)
    const accept = (person: SignedUp) => person.browser.call('POST', '/api/auth/invitation/accept', { invitation })
    expect((await accept(stranger)).json.code).toBe('invitation_invalid')
    expect((await accept(ann)).json).toMatchObject({ role: 'owner', organization: { id: two.organization } })
    const { organizations } = (await ann.browser.call('GET', '/v1/whoami')).json
    expect(organizations).toHaveLength(2)
    expect((await accept(ann)).status).toBe(410)
  })

  it('ends when it is revoked, or another is sent to the same address', async () => {
    const { path, invite } = await found()
    const view = (link: string) =>
      openBrowser(server).call('POST', '/api/auth/invitation', { invitation: tokenOf(link) })
    const first = (await invite('carl@example.com', 'member')).json
    const second = (await invite('carl@example.com', 'member')).json
    expect([(await view(first.link)).status, (await view(second.link)).status]).toEqual([410, 200])
    expect((await operator.browser.call('POST', `${path}/invitations/${second.id}/revoke`)).status).toBe(200)
    expect((await view(second.link)).status).toBe(410)
    const { invitations } = (await operator.browser.call('GET', `${path}/invitations`)).json
    expect(invitations.every(({ revokedAt }: { revokedAt: string }) => revokedAt !== null)).toBe(true)
  })

  it('is nobody’s to end from another organization', async () => {
    const [one, two] = [await found(), await found()]
    const stranger = await two.join('owner')
    const { id, link } = (await one.invite('carla@example.com', 'member')).json
    expect((await stranger.browser.call('POST', `${two.path}/invitations/${id}/revoke`)).status).toBe(404)
    const body = { invitation: tokenOf(link) }
    expect((await openBrowser(server).call('POST', '/api/auth/invitation', body)).status).toBe(200)
  })

  it('is shown to nobody again: neither its link nor its digest is in a list or in the audit', async () => {
    const { path, invite, organization } = await found()
    const { link } = (await invite('dora@example.com', 'member')).json
    for (const place of [`${path}/invitations`, `/v1/audit?organization=${organization}`]) {
      const { text } = await operator.browser.call('GET', place)
      // An address can be erased with its account, and what stands in the log cannot.
      expect(text.includes('dora@example.com')).toBe(!place.includes('/audit'))
      expect(text).not.toContain(tokenOf(link).slice(4, 30))
      expect(text).not.toContain('digest')
    }
    expect(server.log()).not.toContain(tokenOf(link).slice(4, 30))
  })

  it('holds no longer than whoever made it may give the place', async () => {
    const { path, invite, join } = await found()
    const [owner, admin] = [await join('owner'), await join('admin')]
    const links = {
      member: (await invite('member-friend@example.com', 'member', owner)).json.link,
      owner: (await invite('owner-friend@example.com', 'owner', owner)).json.link,
      byAdmin: (await invite('admin-friend@example.com', 'admin', admin)).json.link,
    }
    const view = async (link: string) => {
      const body = { invitation: tokenOf(link) }
      return (await openBrowser(server).call('POST', '/api/auth/invitation', body)).status
    }
    const all = async () => [await view(links.member), await view(links.owner), await view(links.byAdmin)]
    await join('owner')
    expect(await all()).toEqual([200, 200, 200])
    const { call } = operator.browser
    expect((await call('PATCH', `${path}/members/${owner.id}`, { role: 'admin' })).status).toBe(200)
    expect(await all()).toEqual([200, 410, 200])
    expect((await call('POST', `/v1/people/${owner.id}/disable`)).status).toBe(200)
    expect((await call('DELETE', `${path}/members/${admin.id}`)).status).toBe(200)
    expect(await all()).toEqual([410, 410, 410])
    const invitation = tokenOf(links.member)
    const body = { email: 'member-friend@example.com', password: 'a good long password', name: 'Friend', invitation }
    expect((await openBrowser(server).call('POST', '/api/auth/sign-up/email', body)).json.code).toBe(
      'invitation_invalid',
    )
    // Who runs the instance, and machines, speak for no one organization.
    const standing = (await invite('standing@example.com', 'owner')).json.link
    expect(await view(standing)).toBe(200)
  })

  it('cannot be guessed', async () => {
    const browser = openBrowser(server)
    for (const invitation of ['kwi_', 'x', `kwi_${'0'.repeat(49)}`, 'kwi_../..', '__proto__'])
      expect((await browser.call('POST', '/api/auth/invitation', { invitation })).status).toBe(410)
  })
})

describe('roles', () => {
  it('are given by owners and admins, and nobody gives one above their own', async () => {
    const { path, join, invite } = await found()
    const [owner, admin, member] = [await join('owner'), await join('admin'), await join('member')]
    const set = (by: SignedUp, user: string, role: Role) =>
      by.browser.call('PATCH', `${path}/members/${user}`, { role })
    expect((await set(admin, member.id, 'admin')).status).toBe(200)
    expect((await set(admin, member.id, 'owner')).json.code).toBe('role_missing')
    expect((await set(admin, owner.id, 'member')).json.code).toBe('role_missing')
    expect((await admin.browser.call('DELETE', `${path}/members/${owner.id}`)).json.code).toBe('role_missing')
    expect((await invite('x@example.com', 'owner', admin)).json.code).toBe('role_missing')
    expect((await set(admin, admin.id, 'owner')).json.code).toBe('role_missing')
    expect((await set(owner, member.id, 'member')).status).toBe(200)
    expect((await set(member, member.id, 'owner')).json.code).toBe('role_missing')
    expect((await invite('x@example.com', 'member', member)).json.code).toBe('role_missing')
  })

  it('are the same for who is invited: an admin ends no invitation of an owner, by another one neither', async () => {
    const { path, join, invite } = await found()
    const [owner, admin] = [await join('owner'), await join('admin')]
    const { id, link } = (await invite('next@example.com', 'owner', owner)).json
    const revoke = (by: SignedUp, id: string) => by.browser.call('POST', `${path}/invitations/${id}/revoke`)
    expect((await revoke(admin, id)).json.code).toBe('role_missing')
    expect((await invite('Next@example.com', 'member', admin)).json.code).toBe('role_missing')
    const invitation = tokenOf(link)
    expect((await openBrowser(server).call('POST', '/api/auth/invitation', { invitation })).status).toBe(200)
    const revoked = await revoke(owner, id)
    expect(revoked.status).toBe(200)
    expect((await revoke(admin, id)).json.revokedAt).toBe(revoked.json.revokedAt)
    const again = await invite('next@example.com', 'admin', admin)
    expect((await revoke(admin, again.json.id)).status).toBe(200)
  })

  it('leave an organization its last owner', async () => {
    const { path, join } = await found()
    const owner = await join('owner')
    const leave = () => owner.browser.call('DELETE', `${path}/members/${owner.id}`)
    expect((await leave()).json.code).toBe('conflict')
    const demoted = await owner.browser.call('PATCH', `${path}/members/${owner.id}`, { role: 'member' })
    expect(demoted.json.code).toBe('conflict')
    await join('owner')
    expect((await leave()).status).toBe(200)
    expect((await owner.browser.call('GET', `${path}/members`)).status).toBe(404)
  })

  it('change what a running session and a CLI token can do at once', async () => {
    const { organization, path, join } = await found()
    const admin = await join('admin')
    const create = () => admin.browser.call('POST', '/v1/keys', { organization, name: 'Key' })
    expect((await create()).status).toBe(201)
    await operator.browser.call('PATCH', `${path}/members/${admin.id}`, { role: 'member' })
    expect((await create()).json.code).toBe('role_missing')
    await operator.browser.call('DELETE', `${path}/members/${admin.id}`)
    expect((await create()).status).toBe(404)
  })
})

describe('a key that a person has made', () => {
  const reach = async (credential: string, method: string) => {
    const path = '/api/workers'
    const body = { credential, method, path }
    const answer = await operator.browser.call('POST', '/v1/verify', body, {
      authorization: `Bearer ${'a-service-key-of-the-tests-with-many-characters'}`,
    })
    return answer.json.allowed ? 'allowed' : answer.json.reason
  }

  it('names its maker, and is worth what they are worth now', async () => {
    const { organization, path, join } = await found()
    const admin = await join('admin')
    const { json } = await admin.browser.call('POST', '/v1/keys', { organization, name: 'Production' })
    expect(json.createdBy).toBe(admin.id)
    expect([await reach(json.credential, 'GET'), await reach(json.credential, 'POST')]).toEqual(['allowed', 'allowed'])
    await operator.browser.call('PATCH', `${path}/members/${admin.id}`, { role: 'member' })
    expect([await reach(json.credential, 'GET'), await reach(json.credential, 'POST')]).toEqual([
      'allowed',
      'permission_missing',
    ])
  })

  it('ends when they leave, which says first how many do', async () => {
    const { organization, path, join } = await found()
    const admin = await join('admin')
    const make = (by: SignedUp) => by.browser.call('POST', '/v1/keys', { organization, name: 'Key' })
    const [one, two, others] = [await make(admin), await make(admin), await make(await join('owner'))]
    const remove = (query: string) => operator.browser.call('DELETE', `${path}/members/${admin.id}${query}`)
    expect((await remove('?dryRun=true')).json).toMatchObject({ keys: 2, dryRun: true })
    expect(await reach(one.json.credential, 'GET')).toBe('allowed')
    expect((await remove('?dryRun=false')).json).toMatchObject({ keys: 2, dryRun: false })
    for (const { json } of [one, two]) expect(await reach(json.credential, 'GET')).toBe('revoked_key')
    expect(await reach(others.json.credential, 'GET')).toBe('allowed')
  })

  it('of an operator who does not belong to the organization has no maker, as a machine’s has none', async () => {
    const { organization } = await found()
    const { json } = await operator.browser.call('POST', '/v1/keys', { organization, name: 'Key' })
    expect([json.createdBy, await reach(json.credential, 'POST')]).toEqual([null, 'allowed'])
  })

  it('is given no more than its maker holds', async () => {
    const { organization } = await found()
    const insider = { organization, user: operator.id, role: 'member' } as const
    await setMember(server.lifecycle, tester, { ...insider, role: 'owner' })
    await setMember(server.lifecycle, tester, { organization, user: 'usr_other', role: 'owner' })
    await setMember(server.lifecycle, tester, insider)
    const make = (permissions: string[]) =>
      operator.browser.call('POST', '/v1/keys', { organization, name: 'Key', permissions })
    expect((await make(['workers:write'])).status).toBe(422)
    const { json } = await make(['workers:read'])
    expect(json.permissions).toEqual(['workers:read'])
    const patch = { permissions: ['workers:write'] }
    expect((await operator.browser.call('PATCH', `/v1/keys/${json.id}`, patch)).status).toBe(422)
  })
})

describe('somebody in several organizations', () => {
  it('pages through all of them, each thing once, and sees no other', async () => {
    const places = [await found(), await found(), await found()]
    const [first, second, foreign] = places
    const ann = await first?.join('owner')
    if (!ann || !first || !second || !foreign) throw new Error('Nobody is there.')
    await setMember(server.lifecycle, tester, { organization: second.organization, user: ann.id, role: 'admin' })
    for (const { organization } of places) {
      for (const name of ['a', 'b', 'c']) {
        await operator.browser.call('POST', '/v1/keys', { organization, name })
        await operator.browser.call('POST', '/v1/projects', { organization, name })
      }
    }
    for (const list of ['keys', 'projects', 'audit'] as const) {
      const items = list === 'audit' ? 'events' : list
      for (const limit of [1, 2, 3, 4, 6, 50]) {
        const seen: { organization: string }[] = []
        let cursor = ''
        do {
          const { status, json } = await ann.browser.call('GET', `/v1/${list}?limit=${limit}${cursor}`)
          expect(status).toBe(200)
          seen.push(...json[items])
          cursor = json.nextCursor === null ? '' : `&cursor=${json.nextCursor}`
        } while (cursor !== '')
        expect(new Set(seen.map(({ organization }) => organization))).toEqual(
          new Set([first.organization, second.organization]),
        )
        if (list !== 'audit') expect([list, limit, seen.length]).toEqual([list, limit, 6])
      }
    }
    const foreignCursor = Buffer.from(`${foreign.organization}/`).toString('base64url')
    const { text } = await ann.browser.call('GET', `/v1/keys?cursor=${foreignCursor}`)
    expect(text).not.toContain(foreign.organization)
  })

  it('pages through the organizations themselves in the order of their ids, also those searched for', async () => {
    const ids = ['paged-c', 'paged-a', 'paged-b']
    for (const id of ids) await operator.browser.call('POST', '/v1/organizations', { id, name: 'Paged' })
    const { browser, id: user } = await (await found()).join('member')
    for (const organization of ids) await setMember(server.lifecycle, tester, { organization, user, role: 'member' })
    const list = async (query: string) => (await browser.call('GET', `/v1/organizations?${query}`)).json
    const pages: string[][] = []
    let cursor = ''
    do {
      const { organizations, nextCursor } = await list(`q=paged&limit=2${cursor}`)
      pages.push(organizations.map(({ id }: { id: string }) => id))
      cursor = nextCursor === null ? '' : `&cursor=${nextCursor}`
    } while (cursor !== '')
    expect(pages).toEqual([['paged-a', 'paged-b'], ['paged-c']])
    expect((await list('limit=4')).nextCursor).toBeNull()
    expect((await list('limit=3')).nextCursor).not.toBeNull()
    expect((await list('cursor=!!!')).errors).toMatchObject([{ field: 'cursor' }])
  })
})

describe('operators', () => {
  it('invite others as long as they are some, and the last one stays', async () => {
    const { call } = operator.browser
    expect((await call('DELETE', `/v1/operators/${operator.id}`)).json.code).toBe('conflict')
    const { json } = await call('POST', '/v1/operators/invitations', { email: 'second@example.com' })
    const second = await signUp(server, { email: 'second@example.com', invitation: tokenOf(json.link) })
    expect((await second.browser.call('GET', '/v1/operators')).json.operators).toHaveLength(2)
    const third = { email: 'third@example.com' }
    const friend = (await second.browser.call('POST', '/v1/operators/invitations', third)).json.link
    const view = () => openBrowser(server).call('POST', '/api/auth/invitation', { invitation: tokenOf(friend) })
    expect((await view()).status).toBe(200)
    expect((await call('DELETE', `/v1/operators/${second.id}`)).status).toBe(200)
    expect((await view()).status).toBe(410)
    expect((await second.browser.call('GET', '/v1/operators')).status).toBe(403)
  })

  it('are removed wherever they stand in a long list', async () => {
    const crowded = await startServer({ contract: 'handinger' })
    const { store } = crowded.lifecycle
    const createdAt = new Date()
    const others = Array.from({ length: 1000 }, (_, number) => `usr_${1000 + number}`)
    await store.transact(async (transaction) => {
      for (const user of others) await transaction.putOperator({ user, createdAt })
      await addOperatorIn(transaction, tester, 'usr_2000', createdAt)
    })
    const headers = { authorization: `Bearer ${serviceKey}` }
    const remove = (user: string) => openBrowser(crowded).call('DELETE', `/v1/operators/${user}`, undefined, headers)
    expect((await remove('usr_2000')).status).toBe(200)
    expect(await store.operator('usr_2000')).toBeUndefined()
    expect((await remove('usr_2000')).status).toBe(404)
    await crowded.stop()
  })
})
