import { builtIn, holocron, holonomix, type RouteNote, routesOf } from '@keywright/contracts'
import { afterAll, describe, expect, it } from 'vitest'
import { startUpstream } from '../support/echo-upstream.ts'
import { serviceKey, startServer, type TestServer } from '../support/start-server.ts'
import { bearer, type Wire, wireTo } from '../support/wire.ts'

const servers: TestServer[] = []
const upstream = await startUpstream()
afterAll(async () => {
  for (const server of servers) await server.stop()
  await upstream.stop()
})

async function start(contract: string): Promise<TestServer> {
  const server = await startServer({ contract, upstream: upstream.url })
  servers.push(server)
  return server
}

/** What every member is, down to the first of each list. Names of routes are data. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])]
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, name === 'breakdown' ? '' : shapeOf(it)]))
}

async function expectAsDocumented(api: Wire, note: RouteNote, values: Record<string, unknown>): Promise<void> {
  const body = note.takes && Object.fromEntries(Object.keys(note.takes).map((name) => [name, values[name]]))
  const path = note.path.replace(/\{(\w+)\}/g, (_, name) => String(values[name]))
  const { status, json } = await api(note.method, path, body ? { body } : {})
  expect([note.path, status, shapeOf(json)]).toEqual([note.path, note.answers.status, shapeOf(note.answers.body)])
}

describe('the routes that a contract answers itself', () => {
  it('answer a service key of HolonomiX as is documented', async () => {
    const { edge } = await start('holonomix')
    const values = {
      tenant_id: 'onboarded',
      tenant: 'onboarded',
      plan: 'starter',
      namespaces: ['default'],
      namespace: 'reports',
    }
    for (const note of routesOf(holonomix)?.notes ?? []) {
      await expectAsDocumented(wireTo(edge, bearer(serviceKey)), note, { ...values, email: 'ops@example.com' })
    }
  })

  it('answer a key of HoloCron as is documented, but for the project that only people make', async () => {
    const server = await start('holocron')
    const { key, credential } = await server.issue({ name: 'ci' })
    const other = await server.issue({ name: 'other', project: key.project })
    const values = { name: 'production', projectId: key.project, id: other.key.id }
    for (const note of routesOf(holocron)?.notes ?? []) {
      if (note.about.startsWith('Makes a project')) continue
      await expectAsDocumented(wireTo(server.edge, bearer(credential)), note, values)
    }
  })

  it('have a page in the documentation of their instance, and other contracts have none', async () => {
    for (const [name, contract] of Object.entries(builtIn)) {
      const notes = routesOf(contract)?.notes ?? []
      const { control } = await start(name)
      const page = await fetch(`${control}/docs/routes.md`)
      expect([name, page.status]).toEqual([name, notes.length > 0 ? 200 : 404])
      const text = await page.text()
      for (const { method, path } of notes) expect(text).toContain(`## \`${method} ${path}\``)
      const listed = (await (await fetch(`${control}/llms.txt`)).text()).includes('/docs/routes.md')
      expect([name, listed]).toEqual([name, notes.length > 0])
    }
  })
})
