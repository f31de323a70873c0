import type { AuditEvent, Key, Organization, Project, Receipt, ServiceKey, Whoami } from '@keywright/client'
import { Keywright } from '@keywright/client'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import type { z } from 'zod'
import type { keySchema } from '../../src/routes/keys/view.ts'
import type { organizationSchema } from '../../src/routes/organizations/view.ts'
import type { projectSchema } from '../../src/routes/projects/view.ts'
import type { serviceKeySchema } from '../../src/routes/service-keys/view.ts'
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
