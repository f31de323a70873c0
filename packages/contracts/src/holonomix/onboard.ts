import {
  type Actor,
  createOrganizationIn,
  isSlug,
  issue,
  issueIn,
  monthlyQuotaOf,
  namespacesHeldBy,
  rotate,
  stateAt,
  updateOrganization,
} from '@keywright/core'
import type { EdgeRequest, RouteDeps } from '../routes/edge-routes.ts'
import { json } from '../routes/json.ts'
import { optional, readMembers, text, texts } from '../routes/members.ts'
import { Refused } from '../routes/refused.ts'
import type { OwnRoute } from '../routes/table.ts'
import { checkTenantId, keyOf, ofTenant, rateLimitOf } from './tenant.ts'

export interface GateCall extends RouteDeps {
  request: EdgeRequest
  actor: Actor
}

const keyName = 'API key'
const emailAddress = /^(?=.{3,254}$)[^\s\p{C}@]+@[^\s\p{C}@]+$/u

const oneTenant = { tenant_id: text }
const newTenant = { ...oneTenant, plan: optional(text), namespaces: optional(texts), email: optional(text) }
const newNamespace = { ...oneTenant, namespace: text }
const newPlan = { ...oneTenant, plan: text }

const oneExample = { tenant_id: 'acme' }
const quotaExample = { monthly_quota: 1_000, rate_limit: { requests: 10, window_s: 60 } }

export const onboardRoutes: readonly OwnRoute<GateCall>[] = [
  {
    method: 'POST',
    path: '/gate/onboard/create',
    about: 'Makes a tenant with its key, which is shown in this answer and never again.',
    takes: newTenant,
    answers: {
      status: 201,
      body: { ...oneExample, api_key: 'hx_…', plan: 'starter', namespaces: ['default'], ...quotaExample },
    },
    async handle({ request, actor, lifecycle }) {
      const { tenant_id: id, plan, namespaces, email } = await readMembers(request, newTenant)
      checkTenantId(id)
      if (email !== undefined && !emailAddress.test(email)) {
        throw new Refused('invalid_request', "'email' must be an email address.")
      }
      const terms = { id, name: id, ...(plan !== undefined && { plan }), ...(namespaces && { namespaces }) }
      const metadata = email === undefined ? {} : { email }
      const { result } = await ofTenant(id, () =>
        lifecycle.store.transact(async (transaction) => {
          const tenant = await createOrganizationIn(transaction, lifecycle, actor, terms)
          const newKey = { organization: id, name: keyName, metadata }
          return { tenant, ...(await issueIn(transaction, lifecycle, actor, newKey)) }
        }),
      )
      const { tenant, key, credential } = result
      return json(201, {
        tenant_id: id,
        api_key: credential,
        plan: tenant.plan,
        namespaces: tenant.namespaces,
        monthly_quota: monthlyQuotaOf(lifecycle.contract, tenant),
        rate_limit: rateLimitOf(lifecycle, tenant, key),
      })
    },
  },
  {
    method: 'POST',
    path: '/gate/onboard/rotate-key',
    about: 'Gives a tenant another key. The one before is refused from then on.',
    takes: oneTenant,
    answers: { status: 200, body: { ...oneExample, api_key: 'hx_…' } },
    async handle({ request, actor, lifecycle }) {
      const { tenant_id: id } = await readMembers(request, oneTenant)
      checkTenantId(id)
      const credential = await ofTenant(id, async () => {
        const key = await keyOf(lifecycle, id)
        if (!key) return (await issue(lifecycle, actor, { organization: id, name: keyName })).credential
        if (stateAt(key, lifecycle.now()) === 'suspended') {
          throw new Refused('conflict', `The key of tenant '${id}' is suspended. Resume or revoke it first.`)
        }
        return (await rotate(lifecycle, actor, key.id)).credential
      })
      return json(200, { tenant_id: id, api_key: credential })
    },
  },
  {
    method: 'POST',
    path: '/gate/onboard/add-namespace',
    about: 'Lets a tenant reach one namespace more.',
    takes: newNamespace,
    answers: { status: 200, body: { ...oneExample, namespaces: ['default', 'reports'] } },
    async handle({ request, actor, lifecycle }) {
      const { tenant_id: id, namespace } = await readMembers(request, newNamespace)
      checkTenantId(id)
      if (!isSlug(namespace)) {
        throw new Refused(
          'invalid_request',
          'A namespace is 1 to 63 of a–z, 0–9, _ and -, and begins with a letter or digit.',
        )
      }
      const { organization } = await ofTenant(id, () =>
        updateOrganization(lifecycle, actor, id, (tenant) => ({
          namespaces: [...new Set([...(namespacesHeldBy(lifecycle.contract, tenant) ?? []), namespace])],
        })),
      )
      return json(200, { tenant_id: id, namespaces: organization.namespaces })
    },
  },
  {
    method: 'POST',
    path: '/gate/onboard/update-tier',
    about: 'Puts a tenant on another plan.',
    takes: newPlan,
    answers: { status: 200, body: { ...oneExample, plan: 'starter', ...quotaExample } },
    async handle({ request, actor, lifecycle }) {
      const { tenant_id: id, plan } = await readMembers(request, newPlan)
      checkTenantId(id)
      const { organization } = await ofTenant(id, () => updateOrganization(lifecycle, actor, id, { plan }))
      return json(200, {
        tenant_id: id,
        plan: organization.plan,
        monthly_quota: monthlyQuotaOf(lifecycle.contract, organization),
        rate_limit: rateLimitOf(lifecycle, organization, await keyOf(lifecycle, id)),
      })
    },
  },
]
