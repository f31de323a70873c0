import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { deleteOrganization, verifyChain } from '@keywright/core'
import { testActor } from '@keywright/core/testing'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Api, controlApi } from '../support/control-api.ts'
import { copyKey } from '../support/copy-key.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

let server: TestServer
let api: Api
let count = 0

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  api = controlApi(server.control)
})
afterAll(() => server.stop())

async function verdict(credential: string): Promise<string> {
  const { json } = await api('POST', '/v1/verify', { body: { credential } })
  return json.allowed ? 'allowed' : json.reason
}

/** An organization with two projects, a key in each, one beside them and one that is revoked, and a service key. */
async function anOrganization() {
  const id = `gone-${++count}`
  await api('POST', '/v1/organizations', { body: { id, name: 'Gone' } })
  const project = async (name: string) =>
    (await api('POST', '/v1/projects', { body: { organization: id, name } })).json.id as string
  const key = async (name: string, more: object = {}) =>
    (await api('POST', '/v1/keys', { body: { organization: id, name, ...more } })).json as {
      id: string
      credential: string
    }
  const projects = [await project('A'), await project('B')]
  const inProjects = [await key('a', { project: projects[0] }), await key('b', { project: projects[1] })]
  const beside = await key('beside')
  const revoked = await key('revoked')
  await api('POST', `/v1/keys/${revoked.id}/revoke`)
  const machine = { name: 'CI', permissions: ['manage'], organization: id }
  const service: string = (await api('POST', '/v1/service-keys', { body: machine })).json.credential
  for (const { credential } of [...inProjects, beside]) expect(await verdict(credential)).toBe('allowed')
  return { id, projects, inProjects, beside, revoked, service }
}

describe('deleting an organization', () => {
  it('as a dry run counts what it would take, and takes nothing', async () => {
    const { id, beside } = await anOrganization()
    const before = await server.lifecycle.store.head()
    const { json } = await api('DELETE', `/v1/organizations/${id}?dryRun=true`)
    expect(json).toEqual({ id, dryRun: true, keys: 3, members: 0, projects: 2, receipt: null })
    expect(await server.lifecycle.store.head()).toEqual(before)
    expect(await verdict(beside.credential)).toBe('allowed')
  })

  it('as a dry run over many keys lets others go on in between, also where many are revoked', async () => {
    const many = await startServer({ contract: 'keywright' })
    onTestFinished(() => many.stop())
    await copyKey(many, 5_000)
    const file = new BetterSqlite3(join(many.folder, 'data', 'keywright.db'))
    file.exec(`update kw_keys set revoked_at = created_at where name like 'Fleet%' and name >= 'Fleet 000500'`)
    file.close()
    let isOver = false
    let turns = 0
    const counting = deleteOrganization(many.lifecycle, testActor, 'acme', { dryRun: true }).finally(() => {
      isOver = true
    })
    for (; !isOver; turns++) await setImmediate()
    expect(turns).toBeGreaterThan(2)
    expect(await counting).toMatchObject({ keys: 501 })
  })

  it('ends its keys and service keys before it answers, and everything about it is gone but its audit', async () => {
    const { id, projects, inProjects, beside, service } = await anOrganization()
    expect((await api('GET', '/v1/keys', { credential: service })).status).toBe(200)
    const { json } = await api('DELETE', `/v1/organizations/${id}`)
    expect(json).toMatchObject({ id, dryRun: false, keys: 3, members: 0, projects: 2 })
    expect((await api('GET', `/v1/receipts/${json.receipt}`)).json.complete).toBe(true)
    for (const { credential } of [...inProjects, beside]) expect(await verdict(credential)).toBe('unknown_key')
    expect((await api('GET', '/v1/keys', { credential: service })).status).toBe(401)
    expect((await api('GET', `/v1/organizations/${id}`)).status).toBe(404)
    expect((await api('GET', `/v1/projects/${projects[0]}`)).status).toBe(404)
    expect((await api('GET', `/v1/keys/${beside.id}`)).status).toBe(404)
    const actions = (await api('GET', `/v1/audit?organization=${id}`)).json.events.map(
      ({ action }: { action: string }) => action,
    )
    expect(actions.slice(0, 4)).toEqual(['organization.deleted', 'key.revoked', 'key.revoked', 'key.revoked'])
    expect(actions.at(-1)).toBe('organization.created')
  })

  it('keeps its id from everybody else, who would see what it has left', async () => {
    const { id } = await anOrganization()
    await api('DELETE', `/v1/organizations/${id}`)
    const { status, json } = await api('POST', '/v1/organizations', { body: { id, name: 'Another' } })
    expect([status, json.code]).toEqual([409, 'conflict'])
    expect((await api('DELETE', `/v1/organizations/${id}`)).status).toBe(404)
  })

  it('is for operators alone', async () => {
    const { id, service } = await anOrganization()
    const { status, json } = await api('DELETE', `/v1/organizations/${id}`, { credential: service })
    expect([status, json.code]).toEqual([403, 'permission_missing'])
    expect((await api('GET', `/v1/organizations/${id}`)).status).toBe(200)
  })

  it.each(['?dryRun=yes', '?dryRun=', '?dryRun=true&dryRun=false', '?dryrun=true', '?force=true'])(
    'does nothing with %s, which it does not understand',
    async (query) => {
      const { status } = await api('DELETE', `/v1/organizations/acme${query}`)
      expect(status).toBe(422)
      expect((await api('GET', '/v1/organizations/acme')).status).toBe(200)
    },
  )
})

describe('deleting a project', () => {
  it('takes its keys and no others, which a dry run counts first', async () => {
    const { projects, inProjects, beside, service } = await anOrganization()
    const dryRun = await api('DELETE', `/v1/projects/${projects[0]}?dryRun=true`, { credential: service })
    expect(dryRun.json).toEqual({ id: projects[0], dryRun: true, keys: 1, members: 0, projects: 1, receipt: null })
    const { json } = await api('DELETE', `/v1/projects/${projects[0]}`, { credential: service })
    expect(json).toMatchObject({ keys: 1, dryRun: false })
    const verdicts = await Promise.all([...inProjects, beside].map(({ credential }) => verdict(credential)))
    expect(verdicts).toEqual(['unknown_key', 'allowed', 'allowed'])
    expect((await api('GET', `/v1/projects/${projects[0]}`)).status).toBe(404)
    expect((await api('GET', `/v1/projects/${projects[1]}`)).status).toBe(200)
  })
})

describe('the audit log', () => {
  it('is still one chain', async () => {
    const changes = await server.lifecycle.store.changes(0, 1000)
    expect(verifyChain({ number: 0, hash: '0'.repeat(64) }, changes)).toMatchObject({ ok: true })
  })
})
