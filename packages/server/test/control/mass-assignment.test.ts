import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { routes } from '../../src/routes/index.ts'
import { type Api, controlApi } from '../support/control-api.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

/** Members that the database, an answer or another language has, and no body may. */
const columns = [
  ...['id', 'digest', 'hash', 'hint', 'versions', 'state', 'credential', 'receipt', 'operator', 'isOperator', 'userId'],
  ...['created_at', 'createdAt', 'createdBy', 'created_by', 'revokedAt', 'revoked_at', 'deletedAt', 'deleted_at'],
  ...['suspendedAt', 'lastUsedAt', 'organization_id', 'organizationId', 'tenantId', 'tenant_id', 'role', 'permission'],
  ...[
    'sort_name',
    'search',
    'triggeredBy',
    'triggered_by',
    'actor',
    'call',
    'row',
    'constructor',
    '__proto__',
    'toString',
  ],
]

let server: TestServer
let api: Api
const ids: Record<string, string> = { number: '1' }

beforeAll(async () => {
  server = await startServer({ contract: 'keywright' })
  api = controlApi(server.control)
  const { key } = await server.issue()
  const project = await api('POST', '/v1/projects', { body: { organization: 'acme', name: 'Web' } })
  const machine = await api('POST', '/v1/service-keys', { body: { name: 'CI', permissions: ['manage'] } })
  Object.assign(ids, { organization: 'acme', key: key.id, project: project.json.id, serviceKey: machine.json.id })
})
afterAll(() => server.stop())

const guarded = routes.flatMap((route) => {
  const { permission, method, path, operationId, bodyExample, query } = route
  return permission === null ? [] : [{ method: method.toUpperCase(), path, operationId, bodyExample, query }]
})

function pathOf(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? name)
}

describe.each(guarded)('$operationId', ({ method, path, bodyExample, query }) => {
  const known = new Set(Object.keys((bodyExample as object | undefined) ?? {}))
  const changes = method !== 'GET'
  if (!changes) return takesNoParameter()

  it('takes no member in its body that it does not ask for, and changes nothing then', async () => {
    const before = await server.lifecycle.store.head()
    for (const name of columns.filter((column) => !known.has(column))) {
      // What a route may be given without its example showing it is refused for its value.
      const raw = `{"${name}":{},${JSON.stringify(bodyExample ?? {}).slice(1)}`.replace(/,\}$/, '}')
      const { status, json } = await api(method, pathOf(path), { raw })
      expect([name, status]).toEqual([name, 422])
      expect(json.errors.map(({ field }: { field: string }) => field)).toContain(name)
    }
    expect(await server.lifecycle.store.head()).toEqual(before)
  })
  takesNoParameter()

  function takesNoParameter(): void {
    it('takes no parameter that it does not ask for', async () => {
      const before = await server.lifecycle.store.head()
      const asked = new Set(Object.keys((query as { shape?: object } | undefined)?.shape ?? {}))
      for (const name of columns.filter((column) => !asked.has(column))) {
        const options = changes ? { body: bodyExample } : {}
        const { status, json } = await api(method, `${pathOf(path)}?${name}=x`, options)
        expect([name, status]).toEqual([name, 422])
        expect(json.errors.map(({ field }: { field: string }) => field)).toContain(name)
      }
      expect(await server.lifecycle.store.head()).toEqual(before)
    })
  }
})

describe('a row of a bulk call', () => {
  it('takes no member that a key alone would not', async () => {
    const known = ['organization', 'name', 'permission']
    const names = columns.filter((column) => !known.includes(column))
    const rows = names.map((name) => `{"${name}":{},"organization":"acme","name":"x"}`)
    const { json } = await api('POST', '/v1/keys/bulk', {
      raw: `{"keys":[${rows.filter((row) => !row.includes('__proto__')).join(',')}]}`,
    })
    expect(json.created).toBe(0)
    for (const { problem } of json.results) expect(problem.code).toBe('invalid_request')
    const hostile = await api('POST', '/v1/keys/bulk', {
      raw: '{"keys":[{"__proto__":{},"organization":"acme","name":"x"}]}',
    })
    expect(hostile.status === 422 || hostile.json.created === 0).toBe(true)
  })
})
