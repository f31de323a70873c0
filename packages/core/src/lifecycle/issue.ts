import type { Actor } from '../audit/event.ts'
import type { Contract, KeyForm } from '../contract/contract.ts'
import { newId } from '../key/id.ts'
import type { KeyRecord, SecretVersion } from '../key/record.ts'
import type { OrganizationRecord } from '../store/records.ts'
import type { Transaction } from '../store/store.ts'
import { existingOrganization, type Issued, type Lifecycle, LifecycleError } from './lifecycle.ts'
import { checkTerms, invalid, limitsBesideFor, type MakersReach, type Reach, reachNow, type Terms } from './terms.ts'

export interface NewKey extends Terms {
  organization: string
  name: string
  /** Required where the contract binds keys to projects. */
  project?: string | null
  /** The kind and environment the contract issues first unless given. */
  kind?: string
  environment?: string
  /** As in the record; null unless given. */
  createdBy?: string | null
}

/**
 * Makes a key with its first secret. `reach` is what its maker may give at most.
 * @throws LifecycleError
 */
export async function issue(
  lifecycle: Lifecycle,
  actor: Actor,
  input: NewKey,
  reach: MakersReach = null,
): Promise<Issued> {
  const { result, changes } = await lifecycle.store.transact((transaction) =>
    issueIn(transaction, lifecycle, actor, input, reach),
  )
  return { ...result, change: changes[0] as Issued['change'] }
}

/** The same as part of a larger transaction. */
export async function issueIn(
  transaction: Transaction,
  lifecycle: Lifecycle,
  actor: Actor,
  input: NewKey,
  reach: MakersReach = null,
): Promise<{ key: KeyRecord; credential: string }> {
  const at = lifecycle.now()
  const organization = await placeFor(transaction, lifecycle, input, at)
  const held = await reachNow(transaction, reach)
  const terms = withinReach(input, organization, held)
  checkTerms(terms, lifecycle.contract, organization, at, held)
  const { version, credential, form } = mint(lifecycle, input, 1, at)
  const key: KeyRecord = {
    ...firstRecord(input, terms, form, version),
    limitsBeside: limitsBesideFor(terms.limits, held),
  }
  await transaction.putKey(key)
  transaction.record({
    action: 'key.created',
    organization: key.organization,
    target: key.id,
    actor,
    at,
    details: {
      name: key.name,
      hint: version.hint,
      kind: key.kind,
      environment: key.environment,
      project: key.project,
      permissions: key.permissions,
      namespaces: key.namespaces,
      expiresAt: key.expiresAt?.toISOString() ?? null,
    },
  })
  return { key, credential }
}

/** Where the key is to belong: there, and with room for it. */
export async function placeFor(
  transaction: Transaction,
  { contract }: Lifecycle,
  input: Pick<NewKey, 'organization' | 'project'>,
  now: Date,
): Promise<OrganizationRecord> {
  const organization = await existingOrganization(transaction, input.organization)
  if (contract.boundTo === 'project' && !input.project) {
    throw invalid('project', `Keys of ${contract.title} belong to one project: name it.`)
  }
  if (input.project) {
    const project = await transaction.project(input.project)
    if (project?.organization !== organization.id) {
      throw new LifecycleError(
        'not_found',
        `Organization '${organization.id}' has no project '${input.project}'.`,
        'project',
      )
    }
  }
  if (contract.oneKeyPerOrganization) await refuseSecondKey(transaction, organization.id, now)
  return organization
}

/** A suspended key counts: it may be resumed. */
export async function refuseSecondKey(transaction: Transaction, organization: string, now: Date): Promise<void> {
  for (const state of ['active', 'suspended'] as const) {
    const { items } = await transaction.keys({ organization, state, now, limit: 1 })
    const [existing] = items
    if (!existing) continue
    throw new LifecycleError('conflict', `'${organization}' has its key already (${existing.id}). Rotate it instead.`)
  }
}

/** What is left open ends where the maker's own reach does. */
export function withinReach(input: NewKey, organization: OrganizationRecord, reach: Reach | null): Required<Terms> {
  const { permissions, namespaces, allowedIps, limits, metadata, expiresAt } = input
  const held = reach?.namespaces?.filter((namespace) => organization.namespaces?.includes(namespace) ?? true)
  return {
    name: input.name,
    permissions: permissions === undefined ? (reach?.permissions ?? null) : permissions,
    namespaces: namespaces === undefined ? (held ?? null) : namespaces,
    allowedIps: allowedIps === undefined ? (reach?.allowedIps ?? null) : allowedIps,
    // Of a maker who is held to none a key has the usual ones.
    limits: limits === undefined ? (reach?.limits?.length ? reach.limits : null) : limits,
    metadata: metadata ?? {},
    expiresAt: expiresAt === undefined ? (reach?.expiresAt ?? null) : expiresAt,
  }
}

/** A key that is as old as its one secret. */
export function firstRecord(
  { organization, project = null, createdBy = null }: NewKey,
  terms: Required<Terms>,
  { kind, environment }: KeyForm,
  version: SecretVersion,
): KeyRecord {
  const { createdAt } = version
  return {
    ...terms,
    id: newId('key', createdAt.getTime()),
    organization,
    project,
    createdBy,
    kind,
    environment,
    limitsBeside: false,
    createdAt,
    suspendedAt: null,
    revokedAt: null,
    revokedReason: null,
    deletedAt: null,
    versions: [version],
  }
}

/** A fresh secret in the form the contract issues for this kind and environment. */
export function mint(
  lifecycle: Lifecycle,
  wanted: { kind?: string; environment?: string },
  number: number,
  createdAt: Date,
): { version: SecretVersion; credential: string; form: KeyForm } {
  const form = issuedForm(lifecycle.contract, wanted)
  const { credential, hint } = lifecycle.format.mint(form)
  const version = { number, digest: lifecycle.digester.digest(credential), hint, createdAt, retiresAt: null }
  return { version, credential, form }
}

export function issuedForm({ title, key }: Contract, wanted: { kind?: string; environment?: string }): KeyForm {
  const issued = key.forms.filter(({ retired }) => !retired)
  const ofKind = issued.filter(({ kind }) => kind === (wanted.kind ?? kind))
  const form = ofKind.find(({ environment }) => environment === (wanted.environment ?? environment))
  if (form) return form
  const names = issued.map(({ environment, kind }) => `${environment} ${kind}`).join(', ')
  throw invalid(ofKind.length > 0 ? 'environment' : 'kind', `${title} issues ${names} keys.`)
}
