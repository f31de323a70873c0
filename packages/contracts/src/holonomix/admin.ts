import {
  type Contract,
  everyPage,
  monthlyQuotaOf,
  monthOf,
  namespacesHeldBy,
  type OrganizationRecord,
  type Store,
} from '@keywright/core'
import { json } from '../routes/json.ts'
import { Refused } from '../routes/refused.ts'
import type { OwnRoute } from '../routes/table.ts'
import type { GateCall } from './onboard.ts'
import { checkTenantId } from './tenant.ts'

const useExample = {
  tenant_id: 'acme',
  period: '2026-11',
  used: 120,
  monthly_quota: 1_000,
  utilization: 0.12,
  breakdown: { '/v1/list/{namespace}/**': 120 },
}

const tenantExample = {
  tenant_id: 'acme',
  plan: 'starter',
  namespaces: ['default'],
  created_at: '2026-11-20T08:00:00.000Z',
  active: true,
}

export const adminRoutes: readonly OwnRoute<GateCall>[] = [
  {
    method: 'GET',
    path: '/gate/admin/tenants',
    about: 'All tenants.',
    answers: { status: 200, body: { tenants: [tenantExample] } },
    async handle({ lifecycle: { contract, store } }) {
      const tenants = []
      for await (const tenant of allTenants(store)) tenants.push(tenantView(contract, tenant))
      return json(200, { tenants })
    },
  },
  {
    method: 'GET',
    path: '/gate/admin/usage',
    about: 'What each tenant has used in this month (UTC), by route.',
    answers: { status: 200, body: { usage: [useExample] } },
    async handle(call) {
      const { store, now } = call.lifecycle
      const at = now()
      const use = []
      for await (const tenant of allTenants(store)) use.push(await useOf(call, tenant, at))
      return json(200, { usage: use })
    },
  },
  {
    method: 'GET',
    path: '/gate/admin/usage/{tenant}',
    about: 'The same of one tenant.',
    answers: { status: 200, body: useExample },
    async handle(call, { tenant: id = '' }) {
      const { store, now } = call.lifecycle
      checkTenantId(id)
      const tenant = await store.organization(id)
      if (!tenant) throw new Refused('not_found', `Tenant '${id}' not found`)
      return json(200, await useOf(call, tenant, now()))
    },
  },
]

async function useOf({ lifecycle, usage }: GateCall, tenant: OrganizationRecord, at: Date) {
  const { used, byRoute } = await usage.ofMonth(tenant.id, at)
  const quota = monthlyQuotaOf(lifecycle.contract, tenant)
  return {
    tenant_id: tenant.id,
    period: monthOf(at).name,
    used,
    monthly_quota: quota,
    utilization: quota ? Math.round((used / quota) * 10_000) / 10_000 : null,
    breakdown: byRoute,
  }
}

function tenantView(contract: Contract, tenant: OrganizationRecord) {
  const { id, plan, createdAt, state } = tenant
  const namespaces = namespacesHeldBy(contract, tenant)
  return { tenant_id: id, plan, namespaces, created_at: createdAt.toISOString(), active: state === 'active' }
}

async function* allTenants(store: Store): AsyncGenerator<OrganizationRecord> {
  for await (const tenants of everyPage((page) => store.organizations(page))) yield* tenants
}
