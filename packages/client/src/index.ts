export type { Actor, AuditCheckpoint, AuditEvent, AuditFilter } from './audit.ts'
export type { CliToken } from './cli-tokens.ts'
export type { AgreedLimit, Contract, CredentialSource } from './contract.ts'
export type { StartedLogin } from './device-logins.ts'
export type { FieldError } from './errors.ts'
export { ConnectionError, KeywrightError, ProblemError, TimeoutError } from './errors.ts'
export type {
  CreatedKey,
  CreatedKeys,
  ForeignKey,
  ImportedKeys,
  ImportResult,
  Key,
  KeyCaller,
  KeyFilter,
  KeyPatch,
  KeyState,
  Limit,
  LimitSubject,
  NewKey,
  RetiringSecret,
  RevokedKey,
  RevokedKeys,
  RotatedKey,
  RowProblem,
  SecretVersion,
} from './keys.ts'
export { Keywright } from './keywright.ts'
export type { CreatedInvitation, Invitation, Member, MemberRemoval } from './members.ts'
export type { Operator } from './operators.ts'
export type {
  Deletion,
  NewOrganization,
  Organization,
  OrganizationMonth,
  OrganizationPatch,
  OrganizationState,
} from './organizations.ts'
export type { Page, Paging } from './pages.ts'
export { Pages } from './pages.ts'
export type { Account, AccountRemoval } from './people.ts'
export type { NewPortalSession, PortalSession } from './portal-sessions.ts'
export type { NewProject, Project } from './projects.ts'
export type { Receipt } from './receipts.ts'
export type { CreatedServiceKey, NewServiceKey, ServiceKey, ServicePermission } from './service-keys.ts'
export type {
  DeviceLogin,
  InvitationOffer,
  Passkey,
  PasskeyOptions,
  PasskeyResponse,
  Person,
  Role,
  SecondFactorEnrolment,
  Session,
} from './sign-in.ts'
export type { CallOptions, FetchLike, KeywrightOptions, Mutation } from './transport.ts'
export type { Decision, DecisionFilter, Incomplete, Outcome, UsageCount, UsageFilter } from './usage.ts'
export type { LimitState, Verdict, VerifyAttempt } from './verification.ts'
export type { Whoami } from './whoami.ts'
