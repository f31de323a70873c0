import type { Actor, Change } from '../audit/event.ts'
import type { Contract } from '../contract/contract.ts'
import { newId } from '../key/id.ts'
import { isSlug, namespacesProblem } from '../key/namespace.ts'
import type { OrganizationRecord } from '../store/records.ts'
import { DuplicateError, type Transaction } from '../store/store.ts'
import { existingOrganization, type Lifecycle, LifecycleError } from './lifecycle.ts'
import { checkName, invalid } from './terms.ts'

export interface NewOrganization {
  /** A chosen slug, `[a-z0-9][a-z0-9_-]{0,62}`; absent: one is made. */
  id?: string
  /** 1–200 characters. */
  name: string
  /** The contract's first plan unless given. */
  plan?: string
  /** At most 1000, and 3500 characters with a space between them; the contract's default unless given. */
  namespaces?: readonly string[]
}

/** What may be agreed about an organization later. Absent members are left as they are. */
export interface OrganizationTerms {
  name?: string
  plan?: string
  namespaces?: readonly string[]
  /** Requests in a calendar month (UTC); null: as the plan says. */
  monthlyQuota?: number | null
  state?: OrganizationRecord['state']
}

export interface ChangedOrganization {
  organization: OrganizationRecord
  /** Its number is the receipt. null where nothing had to change. */
  change: Change | null
}

/** What is named otherwise is no term, and is never written into a record. */
const termNames = ['name', 'plan', 'namespaces', 'monthlyQuota', 'state'] as const satisfies (keyof OrganizationTerms)[]

/** @throws LifecycleError `conflict` where the id is taken, `invalid` */
export async function createOrganization(
  lifecycle: Lifecycle,
  actor: Actor,
  input: NewOrganization,
): Promise<ChangedOrganization> {
  const { result, changes } = await lifecycle.store.transact((transaction) =>
    createOrganizationIn(transaction, lifecycle, actor, input),
  )
  return { organization: result, change: changes[0] ?? null }
}

/** The same as part of a larger transaction. */
export async function createOrganizationIn(
  transaction: Transaction,
  { contract, now }: Lifecycle,
  actor: Actor,
  input: NewOrganization,
): Promise<OrganizationRecord> {
  if (input.id !== undefined && !isSlug(input.id)) {
    throw invalid('id', 'An id is 1 to 63 of a–z, 0–9, _ and -, and begins with a letter or digit.')
  }
  checkOrganization(input, contract)
  const at = now()
  const organization: OrganizationRecord = {
    id: input.id ?? newId('org', at.getTime()),
    name: input.name,
    plan: input.plan ?? Object.keys(contract.plans)[0] ?? null,
    namespaces: input.namespaces ?? contract.namespaces?.default ?? null,
    monthlyQuota: null,
    state: 'active',
    createdAt: at,
  }
  const { id, name, plan, namespaces } = organization
  if (await transaction.organization(id)) {
    throw new LifecycleError('conflict', `There is an organization '${id}' already. Choose another id.`, 'id')
  }
  try {
    await transaction.putOrganization(organization)
  } catch (error) {
    if (!(error instanceof DuplicateError)) throw error
    // Its audit, usage and decisions are still there, and would be shown to the new owner.
    throw new LifecycleError('conflict', `'${id}' was the id of an organization that is deleted. Choose another.`, 'id')
  }
  const details = { name, plan, namespaces }
  transaction.record({ action: 'organization.created', organization: id, target: id, actor, at, details })
  return organization
}

/**
 * `terms` may be a function of what the organization is now, asked under lock: of two changes made so at the same time
 * neither is lost.
 * @throws LifecycleError
 */
export async function updateOrganization(
  lifecycle: Lifecycle,
  actor: Actor,
  id: string,
  terms: OrganizationTerms | ((before: OrganizationRecord) => OrganizationTerms),
): Promise<ChangedOrganization> {
  const { result, changes } = await lifecycle.store.transact((transaction) =>
    updateOrganizationIn(transaction, lifecycle, actor, id, terms),
  )
  return { organization: result, change: changes[0] ?? null }
}

/** The same as part of a larger transaction. */
export async function updateOrganizationIn(
  transaction: Transaction,
  { contract, now }: Lifecycle,
  actor: Actor,
  id: string,
  terms: OrganizationTerms | ((before: OrganizationRecord) => OrganizationTerms),
): Promise<OrganizationRecord> {
  const before = await existingOrganization(transaction, id)
  const wanted = typeof terms === 'function' ? terms(before) : terms
  checkOrganization(wanted, contract)
  const changed = termNames.filter((name) => {
    return wanted[name] !== undefined && JSON.stringify(before[name]) !== JSON.stringify(wanted[name])
  })
  if (changed.length === 0) return before
  const organization = { ...before, ...Object.fromEntries(changed.map((name) => [name, wanted[name]])) }
  await transaction.putOrganization(organization)
  const details = {
    changed: Object.fromEntries(changed.map((name) => [name, { from: before[name], to: wanted[name] }])),
  }
  transaction.record({ action: 'organization.updated', organization: id, target: id, actor, at: now(), details })
  return organization
}

function checkOrganization({ name, plan, namespaces, monthlyQuota }: OrganizationTerms, contract: Contract): void {
  if (name !== undefined) checkName(name)
  if (plan !== undefined && !Object.hasOwn(contract.plans, plan)) {
    const known = Object.keys(contract.plans).join(', ')
    throw invalid('plan', known === '' ? `${contract.title} has no plans; leave it out.` : `The plans are ${known}.`)
  }
  if (namespaces !== undefined) checkNamespaces(namespaces, contract)
  if (typeof monthlyQuota === 'number' && (!Number.isSafeInteger(monthlyQuota) || monthlyQuota < 0)) {
    throw invalid('monthlyQuota', 'A monthly quota is a whole number of requests, or null.')
  }
}

function checkNamespaces(namespaces: readonly string[], contract: Contract): void {
  if (!contract.namespaces) throw invalid('namespaces', `${contract.title} has no namespaces; leave them out.`)
  const problem = namespacesProblem(namespaces)
  if (problem !== null) throw invalid('namespaces', problem)
  if (!namespaces.every(isSlug)) {
    throw invalid('namespaces', 'A namespace is 1 to 63 of a–z, 0–9, _ and -, and begins with a letter or digit.')
  }
}
