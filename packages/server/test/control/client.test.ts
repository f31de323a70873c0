import type { AuditEvent, Key, Organization, Project, Receipt, ServiceKey, Whoami } from '@keywright/client'
import { Keywright, Pages } from '@keywright/client'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import type { z } from 'zod'
import { openapiDocument } from '../../src/control/openapi.ts'
import type { keySchema } from '../../src/routes/keys/view.ts'
import type { organizationSchema } from '../../src/routes/organizations/view.ts'
import type { projectSchema } from '../../src/routes/projects/view.ts'
import type { serviceKeySchema } from '../../src/routes/service-keys/view.ts'
import { becomeOperator, openBrowser, signUp, tokenOf } from '../support/people.ts'
import { serviceKey, startServer, type TestServer } from '../support/start-server.ts'

let server: TestServer
let keywright: Keywright

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  keywright = new Keywright({ url: server.control, credential: serviceKey })
})
afterAll(() => server.stop())

describe('the client', () => {
  it('knows the same shapes as the server', () => {
    expectTypeOf<z.output<typeof organizationSchema>>().toEqualTypeOf<Organization>()
    expectTypeOf<z.output<typeof projectSchema>>().toEqualTypeOf<Project>()
    expectTypeOf<z.output<typeof serviceKeySchema>>().toEqualTypeOf<ServiceKey>()
    expectTypeOf<keyof z.output<typeof keySchema>>().toEqualTypeOf<keyof Key>()
  })

  it('does with an instance everything it offers', async () => {
    const { organizations, projects, keys, serviceKeys, receipts, audit } = keywright
    const once = { idempotencyKey: 'client-1' }
    const organization = await organizations.create({ id: 'initech', name: 'Initech' }, once)
    expect((await organizations.create({ id: 'initech', name: 'Initech' }, once)).id).toBe(organization.id)
    expect((await organizations.update('initech', { name: 'Initech Ltd' })).name).toBe('Initech Ltd')
    expect(await organizations.get('initech')).toMatchObject({ name: 'Initech Ltd' })
    expect(await organizations.month('initech')).toMatchObject({ used: 0, quota: null })

    const project = await projects.create({ organization: 'initech', name: 'Web' })
    expect(await projects.get(project.id)).toMatchObject({ name: 'Web' })
    expect((await projects.list({ organization: 'initech' }).page()).projects).toHaveLength(1)

    const key = await keys.create({ organization: 'initech', project: project.id, name: 'Production' })
    expect(await new Keywright({ url: server.control, credential: key.credential }).whoami()).toMatchObject({
      type: 'api_key',
      id: key.id,
    } satisfies Partial<Whoami>)
    const rotated = await keys.rotate(key.id, { graceSeconds: 60 })
    expect(rotated.retiring).toHaveLength(1)
    const changed = await keys.changeGrace(key.id, 1, { graceSeconds: 0 })
    expect(Date.parse(changed.versions[0]?.retiresAt ?? '')).toBeLessThanOrEqual(Date.now())
    expect((await keys.update(key.id, { name: 'EU', metadata: { a: 1 } })).metadata).toEqual({ a: 1 })
    expect((await keys.suspend(key.id)).state).toBe('suspended')
    expect((await keys.resume(key.id)).state).toBe('active')
    const revoked = await keys.revoke(key.id, { reason: 'over', wait: 'all' })
    const receipt: Receipt = await receipts.get(revoked.receipt)
    expect(receipt.complete).toBe(true)
    await keys.delete(key.id)

    const rows = [
      { organization: 'initech', name: 'b' },
      { organization: 'initech', name: 'a' },
    ]
    expect(await keys.createMany(rows, { dryRun: true })).toMatchObject({ created: 0, refused: 0, receipt: null })
    const many = await keys.createMany([...rows, { organization: 'nobody', name: 'c' }])
    expect(many.results.map(({ status }) => status)).toEqual(['created', 'created', 'refused'])
    const byName = await keys
      .list({ organization: 'initech', order: 'name', direction: 'desc', state: 'active' })
      .page()
    expect(byName.keys.map(({ name }) => name)).toEqual(['b', 'a'])
    const ids = many.results.flatMap((result) => (result.status === 'created' ? result.key.id : []))
    expect(await keys.revokeMany(ids, { wait: 'all' })).toMatchObject({ revoked: 2, refused: 0 })
    expect(await projects.delete(project.id, { dryRun: true })).toMatchObject({ dryRun: true, keys: 0 })
    expect(await projects.delete(project.id)).toMatchObject({ dryRun: false })

    const machine = await serviceKeys.create({ name: 'CI', permissions: ['manage'] })
    expect((await serviceKeys.revoke(machine.id)).revokedAt).not.toBeNull()

    const actions: AuditEvent['action'][] = []
    for await (const { action } of audit.list({ organization: 'initech', first: 'oldest', limit: 2 }))
      actions.push(action)
    expect(actions.slice(0, 3)).toEqual(['organization.created', 'organization.updated', 'project.created'])
    expect(actions).toContain('key.deleted')
    const { checkpoint, head } = await audit.list({ actor: 'configured', limit: 1 }).page()
    expect([checkpoint, head]).toEqual([null, await server.lifecycle.store.head()])
    expect(await organizations.delete('initech')).toMatchObject({ id: 'initech', dryRun: false })
  })

  it('makes operators and takes them out again', async () => {
    const { operators } = keywright
    const first = await becomeOperator(server)
    const options = { idempotencyKey: 'operator-1' }
    const invitation = await operators.invite({ email: 'bob@example.com' }, options)
    expect(invitation).toMatchObject({ organization: null, role: 'operator', byMail: false })
    const again = await operators.invite({ email: 'bob@example.com' }, options)
    expect(again.link).not.toBe(invitation.link)
    const bob = await signUp(server, { invitation: tokenOf(again.link), email: 'bob@example.com' })
    const emails: (string | null)[] = []
    for await (const { email } of operators.list({ limit: 1 })) emails.push(email)
    expect(emails.sort()).toEqual(['bob@example.com', first.email].sort())
    expect(await operators.remove(bob.id)).toEqual({ user: bob.id })
    await expect(operators.remove(first.id)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('lets a customer into the console', async () => {
    const { portalSessions, serviceKeys } = keywright
    const { credential } = await serviceKeys.create({ name: 'site', permissions: ['manage'], organization: 'acme' })
    const { portalSessions: ofAcme } = new Keywright({ url: server.control, credential })
    const { link, expiresAt } = await ofAcme.create({ organization: 'acme', user: 'ann', role: 'member' })
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now())
    const entered = await openBrowser(server).call('POST', '/api/auth/portal', { portal: tokenOf(link) })
    expect(entered.json).toMatchObject({ organization: 'acme', person: { name: 'ann' } })
    const nowhere = portalSessions.create({ organization: 'nobody', user: 'ann', role: 'member' })
    await expect(nowhere).rejects.toMatchObject({ code: 'not_found' })
  })

  it('asks for the verdict on a request, and reports what was found', async () => {
    const { key, credential } = await server.issue()
    const attempt = { headers: { authorization: `Bearer ${credential}`, cookie: undefined }, path: '/v1/things' }
    const verdict = await keywright.verify(attempt)
    expect(verdict).toMatchObject({ allowed: true, principal: { key: key.id, organization: 'acme' }, retiresAt: null })
    const anyone = new Keywright({ url: server.control })
    expect(await anyone.reportLeaks([credential])).toEqual({ received: 1 })
    await expect.poll(async () => (await keywright.keys.get(key.id)).state).toBe('revoked')
    const refused = await keywright.verify({ credential })
    expect(refused).toMatchObject({ allowed: false, reason: 'revoked_key', refusal: { status: 401 } })
    await expect(keywright.verify({})).rejects.toMatchObject({ errors: [{ field: 'credential' }] })
  })

  it('has a call for all that the OpenAPI document describes', async () => {
    const asked: string[] = []
    const fetch = async (url: string, { method }: RequestInit) => {
      asked.push(`${method?.toLowerCase()} ${new URL(url).pathname}`)
      return new Response('', { status: 404 })
    }
    const recording = new Keywright({ url: 'http://127.0.0.1', fetch })
    for (const part of [recording, ...Object.values(recording)]) {
      for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(part))) {
        // It waits for a person, at an address that OAuth describes.
        if (name === 'constructor' || name === 'finish') continue
        const answer = (part as Record<string, (...ids: unknown[]) => Promise<unknown> | Pages<string, unknown>>)[name]
        const called = answer?.call(part, '1', '1', {})
        await expect(called instanceof Pages ? called.page() : called).rejects.toMatchObject({ status: 404 })
      }
    }
    // Proxies ask the one, and processes with `remote` of `@keywright/core` the others.
    const ofOthers = /^(get|head|post) \/v1\/forward-auth$|^get \/v1\/changes$|\/v1\/followers\//
    const described = Object.entries(openapiDocument().paths ?? {}).flatMap(([path, item]) =>
      Object.keys(item as object).map((method) => `${method} ${path.replaceAll(/\{\w+\}/g, '1')}`),
    )
    expect(described.filter((call) => !asked.includes(call) && !ofOthers.test(call))).toEqual([])
  })

  it('gives up any call of the management API when its caller does', async () => {
    const options = { signal: AbortSignal.abort('enough') }
    const { people, members, serviceKeys, cliTokens } = keywright
    for (const call of [
      () => people.disable('usr_1', options),
      () => people.enable('usr_1', options),
      () => people.remove('usr_1', {}, options),
      () => people.forgetSecondFactor('usr_1', options),
      () => people.passwordLink('ann@example.com', options),
      () => members.update('acme', 'usr_1', { role: 'admin' }, options),
      () => members.remove('acme', 'usr_1', {}, options),
      () => members.revokeInvitation('acme', 'inv_1', options),
      () => serviceKeys.list({}, options).page(),
      () => cliTokens.revoke('clt_1', options),
    ])
      await expect(call()).rejects.toBe('enough')
  })

  it('throws the server’s problems with their codes', async () => {
    await expect(keywright.keys.get('key_x')).rejects.toMatchObject({ code: 'not_found', status: 404 })
    await expect(keywright.keys.create({ organization: 'acme', name: '' })).rejects.toMatchObject({
      code: 'invalid_request',
      errors: [{ field: 'name' }],
    })
    const stranger = new Keywright({ url: server.control, credential: 'nobody' })
    await expect(stranger.keys.list().page()).rejects.toMatchObject({ code: 'invalid_credential' })
  })
})
