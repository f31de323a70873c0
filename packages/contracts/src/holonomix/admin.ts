import { monthOf, type OrganizationRecord, type Store } from '@keywright/core'
import type { RouteDeps } from '../routes/edge-routes.ts'
import { json } from '../routes/json.ts'
import { Refused } from '../routes/refused.ts'
import type { OwnRoute } from '../routes/table.ts'
import type { GateCall } from './onboard.ts'
import { checkTenantId, quotaOf } from './tenant.ts'

export function adminRoutes({ lifecycle, usage }: RouteDeps): OwnRoute<GateCall>[] {
  const { store, now } = lifecycle

  async function useOf(tenant: OrganizationRecord, at: Date) {
    const { used, byRoute } = await usage.ofMonth(tenant.id, at)
    const quota = quotaOf(lifecycle, tenant)
    return {
      tenant_id: tenant.id,
      period: monthOf(at).name,
      used,
      monthly_quota: quota,
      utilization: quota ? Math.round((used / quota) * 10_000) / 10_000 : null,
      breakdown: byRoute,
    }
  }

  return [
    {
      method: 'GET',
      path: '/gate/admin/tenants',
      async handle() {
        const tenants = []
        for await (const tenant of allTenants(store)) tenants.push(tenantView(tenant))
        return json(200, { tenants })
      },
    },
    {
      method: 'GET',
      path: '/gate/admin/usage',
      async handle() {
        const at = now()
        const use = []
        for await (const tenant of allTenants(store)) use.push(await useOf(tenant, at))
        return json(200, { usage: use })
      },
    },
    {
      method: 'GET',
      path: '/gate/admin/usage/{tenant}',
      async handle(_, { tenant: id = '' }) {
        checkTenantId(id)
        const tenant = await store.organization(id)
        if (!tenant) throw new Refused('not_found', `Tenant '${id}' not found`)
        return json(200, await useOf(tenant, now()))
      },
    },
  ]
}

function tenantView({ id, plan, namespaces, createdAt, state }: OrganizationRecord) {
  return { tenant_id: id, plan, namespaces, created_at: createdAt.toISOString(), active: state === 'active' }
}

async function* allTenants(store: Store): AsyncGenerator<OrganizationRecord> {
  let after: string | undefined
  do {
    const page = await store.organizations({ ...(after !== undefined && { after }), limit: 1000 })
    yield* page.items
    after = page.next ?? undefined
  } while (after !== undefined)
}
