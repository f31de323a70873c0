import {
  type Actor,
  createOrganization,
  createProject,
  type Issued,
  issue,
  type Lifecycle,
  rotate,
  shownBy,
} from '@keywright/core'

const organization = 'demo'
const name = 'npm start'
const actor: Actor = { type: 'system', id: 'demo', triggeredBy: 'cli', address: null, requestId: null }

/**
 * A key to try things with. What was shown once cannot be shown again, so a later start gives the same key a new
 * secret, and the one shown before ends.
 */
export async function prepareDemoKey(lifecycle: Lifecycle): Promise<Pick<Issued, 'key' | 'credential'>> {
  const { store, now, contract } = lifecycle
  if (!(await store.organization(organization))) {
    await createOrganization(lifecycle, actor, { id: organization, name: 'Demo' })
  }
  const { items } = await store.keys({ organization, state: 'active', now: now(), limit: 100 })
  const earlier = items.find((key) => key.name === name || contract.oneKeyPerOrganization)
  if (earlier) return rotate(lifecycle, actor, earlier.id, { graceSeconds: 0 })
  const project = contract.boundTo === 'project' ? await demoProject(lifecycle) : null
  const form = shownBy(contract)?.form
  const made = form && { kind: form.kind, environment: form.environment }
  return issue(lifecycle, actor, { organization, name, project, ...made })
}

async function demoProject(lifecycle: Lifecycle): Promise<string> {
  const { items } = await lifecycle.store.projects({ organization, limit: 1 })
  const [existing] = items
  if (existing) return existing.id
  return (await createProject(lifecycle, actor, { organization, name: 'Demo' })).project.id
}
