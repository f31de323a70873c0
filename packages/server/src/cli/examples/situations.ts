import type { Contract, CreatedKey, Keywright, Limit, NewKey } from '@keywright/client'
import { KeywrightError, ProblemError } from '@keywright/client'
import type { KeyForm } from '@keywright/core'
import type { Situation } from '../../docs/subject.ts'
import { once } from '../commands/once.ts'

export interface Prepared {
  credential: string
  /** Has to be called, whatever happened meanwhile. */
  undo: () => Promise<void>
}

/** Of its own, so that nothing anybody uses is suspended. */
const testOrganization = 'docs-test'

export interface Stage {
  client: Keywright
  contract: Contract
  /** A key of it is taken where the examples go. */
  form: Pick<KeyForm, 'kind' | 'environment'> | null
  /** As a key is given them whose refusal is printed. */
  limits: readonly Limit[]
  organization: string
  project: string | undefined
}

/** Needs a credential for the whole instance. */
export async function openStage(
  client: Keywright,
  contract: Contract,
  { form, limits }: Pick<Stage, 'form' | 'limits'>,
): Promise<Stage> {
  const organization = await organizationOf(client, contract)
  return { client, contract, form, limits, organization, project: await projectOf(client, contract, organization) }
}

async function organizationOf(client: Keywright, { namespaces }: Contract): Promise<string> {
  try {
    return (await client.organizations.get(testOrganization)).id
  } catch (error) {
    if (!(error instanceof ProblemError) || error.status !== 404) throw error
  }
  const reached = namespaces === null ? {} : { namespaces: [...namespaces.default, testOrganization] }
  const made = { id: testOrganization, name: 'Documentation test', ...reached }
  return (await client.organizations.create(made, once())).id
}

async function projectOf(client: Keywright, { boundTo }: Contract, organization: string): Promise<string | undefined> {
  if (boundTo === 'organization') return undefined
  const { projects } = await client.projects.list({ organization, limit: 1 }).page()
  return projects[0]?.id ?? (await client.projects.create({ organization, name: 'Documentation test' }, once())).id
}

/** A key in that situation. */
export async function prepare(stage: Stage, situation: Situation): Promise<Prepared> {
  const { client, organization, contract } = stage
  const key = await client.keys.create(keyFor(stage, situation), once())
  const undo = async () => {
    await client.keys.delete(key.id)
    await client.organizations.update(organization, { state: 'active', monthlyQuota: null })
  }
  try {
    await worsen(stage, situation, key)
    if (situation !== 'rotating') return { credential: key.credential, undo }
    const graceSeconds = Math.min(3_600, contract.rotation.maxGraceSeconds)
    await client.keys.rotate(key.id, { graceSeconds }, once())
    return { credential: key.credential, undo }
  } catch (error) {
    await undo().catch((second: unknown) => {
      if (!(second instanceof KeywrightError)) throw second
    })
    throw error
  }
}

function keyFor({ organization, project, form, limits }: Stage, situation: Situation): NewKey {
  const made = form === null ? {} : { kind: form.kind, environment: form.environment }
  const key: NewKey = { organization, project, ...made, name: 'documentation test', limits: [] }
  if (situation === 'forbidden') return { ...key, permissions: [] }
  // An address of TEST-NET-1 (RFC 5737): nobody calls from there.
  if (situation === 'forbidden_address') return { ...key, allowedIps: ['192.0.2.1'] }
  if (situation === 'namespace_forbidden') return { ...key, namespaces: [testOrganization] }
  if (situation === 'rate_limited') return { ...key, limits }
  return key
}

async function worsen({ client, organization }: Stage, situation: Situation, { id }: CreatedKey): Promise<void> {
  if (situation === 'invalid_credential') await client.keys.revoke(id, { wait: 'all' }, once())
  if (situation === 'organization_suspended') await client.organizations.update(organization, { state: 'suspended' })
  if (situation === 'organization_unpaid') await client.organizations.update(organization, { state: 'unpaid' })
  if (situation === 'quota_exceeded') await client.organizations.update(organization, { monthlyQuota: 0 })
}
