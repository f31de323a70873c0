import { expect } from 'vitest'
import { startUpstream, type Upstream } from './echo-upstream.ts'
import { serviceKey, startServer, type TestServer } from './start-server.ts'
import { bearer, type Wire, type WireAnswer, wireTo } from './wire.ts'

/** HolonomiX, started: its tenants are onboarded as its operators do. */
export interface Holonomix {
  server: TestServer
  upstream: Upstream
  /** With the service key. */
  gate: Wire
  /** With nothing. */
  data: Wire
  /** A tenant of its own name. */
  onboard: (terms?: Record<string, unknown>) => Promise<{ id: string; key: string }>
  /** `GET /v1/list/{namespace}` with that key. */
  list: (key: string, namespace?: string) => Promise<WireAnswer>
  /** As the list of tenants has it. */
  tenantOf: (id: string) => Promise<Record<string, unknown> | undefined>
  stop: () => Promise<void>
}

export async function startHolonomix(): Promise<Holonomix> {
  const upstream = await startUpstream()
  const server = await startServer({ contract: 'holonomix', upstream: upstream.url })
  const gate = wireTo(server.edge, bearer(serviceKey))
  const data = wireTo(server.edge)
  let tenants = 0
  return {
    server,
    upstream,
    gate,
    data,
    async onboard(terms = {}) {
      const id = `tenant-${tenants++}`
      const { status, json } = await gate('POST', '/gate/onboard/create', { body: { tenant_id: id, ...terms } })
      expect(status).toBe(201)
      return { id, key: json.api_key }
    },
    list: (key, namespace = 'default') => data('GET', `/v1/list/${namespace}`, { headers: { 'X-Api-Key': key } }),
    async tenantOf(id) {
      const { json } = await gate('GET', '/gate/admin/tenants')
      return json.tenants.find((tenant: { tenant_id: string }) => tenant.tenant_id === id)
    },
    async stop() {
      await server.stop()
      await upstream.stop()
    },
  }
}
