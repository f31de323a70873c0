export * from './audit/chain.ts'
export type { Action, Actor, Change, ChangeEvent, ChangeNotice, TriggeredBy } from './audit/event.ts'
export type {
  Contract,
  CredentialRule,
  DocsVocabulary,
  KeyForm,
  KeyRule,
  LimitHeaders,
  NamespaceRule,
  PermissionRule,
  Plan,
  Random,
  Role,
  RotationRule,
  Route,
  Source,
} from './contract/contract.ts'
export type { ContractData, LimitData } from './contract/contract-data.ts'
export { ContractError, type Problem } from './contract/contract-error.ts'
export { scanObject } from './contract/json-members.ts'
export { parseContract } from './contract/parse.ts'
export { monthlyQuotaOf, usualLimitsOf } from './contract/plan.ts'
export * from './contract/refusal.ts'
export { permissionsOfRole } from './contract/role.ts'
export { compileRoutes, type RouteMatch, type Routes } from './contract/route.ts'
export { capturesOf, parsePattern, type RoutePattern } from './contract/route-pattern.ts'
export * from './http/addressing.ts'
export { credentialHeaders } from './http/credential-headers.ts'
export * from './http/framing.ts'
export * from './http/method.ts'
export * from './http/namespace-in-body.ts'
export * from './http/preflight.ts'
export * from './http/request-id.ts'
export * from './http/target.ts'
export * from './key/address.ts'
export { type CredentialFormat, compileFormat } from './key/credential.ts'
export { CredentialText } from './key/credential-text.ts'
export { createDigester, type Digester, type Pepper } from './key/digest.ts'
export { newId } from './key/id.ts'
export { isSlug } from './key/namespace.ts'
export { covers, grants, intersect, permissionProblem } from './key/permission.ts'
export * from './key/record.ts'
export * from './key/search.ts'
export * from './lifecycle/bulk.ts'
export { type Deletion, deleteOrganization, deleteProject } from './lifecycle/delete.ts'
export { type ForeignKey, importKey } from './lifecycle/import.ts'
export { issue, issueIn, type NewKey } from './lifecycle/issue.ts'
export { type Changed, type Issued, type Lifecycle, LifecycleError } from './lifecycle/lifecycle.ts'
export * from './lifecycle/member.ts'
export * from './lifecycle/organization.ts'
export * from './lifecycle/project.ts'
export { pruneAudit } from './lifecycle/prune-audit.ts'
export { publish } from './lifecycle/publish.ts'
export { reissue } from './lifecycle/reissue.ts'
export { remove, removeIn, revoke } from './lifecycle/revoke.ts'
export { changeGrace, type Rotated, rotate } from './lifecycle/rotate.ts'
export { resume, suspend } from './lifecycle/suspend.ts'
export { isOneLine, type MakersReach, type Reach, type Terms } from './lifecycle/terms.ts'
export { update } from './lifecycle/update.ts'
export type * from './limit/counters.ts'
export { createMemoryCounters } from './limit/memory.ts'
export * from './limit/monthly-quotas.ts'
export * from './remote/remote.ts'
export { RemoteError } from './remote/remote-error.ts'
export * from './store/key-order.ts'
export { createMemoryStore } from './store/memory.ts'
export * from './store/page.ts'
export * from './store/records.ts'
export { type Operations, runWork } from './store/run-work.ts'
export * from './store/store.ts'
export { createTurns } from './store/turns.ts'
export { compileExtractor } from './verify/extract.ts'
export { identityHeaderNames } from './verify/identity.ts'
export * from './verify/lease.ts'
export { leased } from './verify/leased.ts'
export * from './verify/outcome.ts'
export * from './verify/refused-body.ts'
export { createVerifier, type Verifier, type VerifierOptions } from './verify/verifier.ts'
