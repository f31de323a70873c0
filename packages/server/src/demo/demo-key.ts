import {
  type Actor,
  createOrganization,
  createProject,
  type Issued,
  issue,
  type Lifecycle,
  LifecycleError,
  rotate,
  shownBy,
} from '@keywright/core'

const name = 'npm start'
const actor: Actor = { type: 'system', id: 'demo', triggeredBy: 'cli', address: null, requestId: null }

/**
 * A key to try things with. What was shown once cannot be shown again, so a later start gives the same key a new
 * secret, and the one shown before ends. What somebody has deleted or suspended meanwhile stays so: `demo-2` follows `demo`.
 */
export async function prepareDemoKey(lifecycle: Lifecycle): Promise<Pick<Issued, 'key' | 'credential'>> {
  for (let number = 1; ; number++) {
    try {
      return await keyOf(number === 1 ? 'demo' : `demo-${number}`, lifecycle)
    } catch (error) {
      if (!(error instanceof LifecycleError) || error.code !== 'conflict') throw error
    }
  }
}

/** @throws LifecycleError `conflict` where no key of this organization can be shown at work */
async function keyOf(organization: string, lifecycle: Lifecycle): Promise<Pick<Issued, 'key' | 'credential'>> {
  const { store, now, contract } = lifecycle
  const found = await store.organization(organization)
  if (!found) await createOrganization(lifecycle, actor, { id: organization, name: 'Demo' })
  else if (found.state !== 'active') throw new LifecycleError('conflict', `'${organization}' is ${found.state}.`)
  const { items } = await store.keys({ organization, state: 'active', now: now(), limit: 100 })
  const earlier = items.find((key) => key.name === name || contract.oneKeyPerOrganization)
  if (earlier) return rotate(lifecycle, actor, earlier.id, { graceSeconds: 0 })
  const project = contract.boundTo === 'project' ? await projectOf(organization, lifecycle) : null
  const form = shownBy(contract)?.form
  const made = form && { kind: form.kind, environment: form.environment }
  return issue(lifecycle, actor, { organization, name, project, ...made })
}

async function projectOf(organization: string, lifecycle: Lifecycle): Promise<string> {
  const { items } = await lifecycle.store.projects({ organization, limit: 1 })
  const [existing] = items
  if (existing) return existing.id
  return (await createProject(lifecycle, actor, { organization, name: 'Demo' })).project.id
}
