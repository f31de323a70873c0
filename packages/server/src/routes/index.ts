import type { Route } from '../control/route.ts'
import { listAuditRoute } from './audit/list.ts'
import { approveDeviceRoute, denyDeviceRoute, viewDeviceLoginRoute } from './auth/device.ts'
import { acceptInvitationRoute, viewInvitationRoute } from './auth/invitation.ts'
import {
  addPasskeyRoute,
  listPasskeysRoute,
  removePasskeyRoute,
  signInWithPasskeyRoute,
  startPasskeyRoute,
  startPasskeySignInRoute,
} from './auth/passkeys.ts'
import { changePasswordRoute, forgotPasswordRoute, resetPasswordRoute } from './auth/password.ts'
import { enterPortalRoute } from './auth/portal.ts'
import {
  listLinkedProvidersRoute,
  listProvidersRoute,
  startProviderRoute,
  unlinkProviderRoute,
} from './auth/providers.ts'
import {
  confirmSecondFactorRoute,
  disableSecondFactorRoute,
  enrolSecondFactorRoute,
  finishSignInRoute,
  getSecondFactorRoute,
  renewRecoveryCodesRoute,
} from './auth/second-factor.ts'
import { endSessionRoute, listSessionsRoute } from './auth/sessions.ts'
import { signInRoute, signOutRoute } from './auth/sign-in.ts'
import { signUpRoute } from './auth/sign-up.ts'
import { listCliTokensRoute, revokeCliTokenRoute } from './cli-tokens/routes.ts'
import { getContractRoute } from './contract/get.ts'
import { listDecisionsRoute } from './decisions/list.ts'
import { followChangesRoute } from './followers/changes.ts'
import { findKeyToFollowRoute } from './followers/keys.ts'
import { stopFollowingRoute } from './followers/leave.ts'
import { createInvitationRoute, listInvitationsRoute, revokeInvitationRoute } from './invitations/of-organization.ts'
import { createKeysRoute } from './keys/bulk-create.ts'
import { revokeKeysRoute } from './keys/bulk-revoke.ts'
import { listCallersRoute } from './keys/callers.ts'
import { changeGraceRoute } from './keys/change-grace.ts'
import { createKeyRoute } from './keys/create.ts'
import { deleteKeyRoute } from './keys/delete.ts'
import { getKeyRoute } from './keys/get.ts'
import { importKeysRoute } from './keys/import.ts'
import { listKeysRoute } from './keys/list.ts'
import { revokeKeyRoute } from './keys/revoke.ts'
import { rotateKeyRoute } from './keys/rotate.ts'
import { resumeKeyRoute, suspendKeyRoute } from './keys/suspend.ts'
import { updateKeyRoute } from './keys/update.ts'
import { reportLeaksRoute } from './leaks/report.ts'
import { removeMemberRoute, updateMemberRoute } from './members/change.ts'
import { listMembersRoute } from './members/list.ts'
import { inviteOperatorRoute, listOperatorsRoute, removeOperatorRoute } from './operators/routes.ts'
import { createOrganizationRoute } from './organizations/create.ts'
import { deleteOrganizationRoute } from './organizations/delete.ts'
import { getOrganizationRoute } from './organizations/get.ts'
import { listOrganizationsRoute } from './organizations/list.ts'
import { getMonthRoute } from './organizations/month.ts'
import { updateOrganizationRoute } from './organizations/update.ts'
import {
  disableAccountRoute,
  enableAccountRoute,
  forgetSecondFactorRoute,
  listAccountsRoute,
  removeAccountRoute,
} from './people/accounts.ts'
import { createPasswordLinkRoute } from './people/password-link.ts'
import { createPortalSessionRoute } from './portal-sessions/create.ts'
import { createProjectRoute } from './projects/create.ts'
import { deleteProjectRoute } from './projects/delete.ts'
import { getProjectRoute } from './projects/get.ts'
import { listProjectsRoute } from './projects/list.ts'
import { getReceiptRoute } from './receipts/get.ts'
import { createServiceKeyRoute } from './service-keys/create.ts'
import { listServiceKeysRoute } from './service-keys/list.ts'
import { revokeServiceKeyRoute } from './service-keys/revoke.ts'
import { getUsageRoute } from './usage/get.ts'
import { whoamiRoute } from './whoami/get.ts'

/** Everything the management API does. What is not in this table is not there. */
export const routes: readonly Route[] = [
  createOrganizationRoute,
  listOrganizationsRoute,
  getOrganizationRoute,
  getMonthRoute,
  updateOrganizationRoute,
  deleteOrganizationRoute,
  createProjectRoute,
  listProjectsRoute,
  getProjectRoute,
  deleteProjectRoute,
  createKeyRoute,
  createKeysRoute,
  importKeysRoute,
  revokeKeysRoute,
  listKeysRoute,
  getKeyRoute,
  updateKeyRoute,
  deleteKeyRoute,
  rotateKeyRoute,
  changeGraceRoute,
  suspendKeyRoute,
  resumeKeyRoute,
  revokeKeyRoute,
  listCallersRoute,
  getReceiptRoute,
  followChangesRoute,
  findKeyToFollowRoute,
  stopFollowingRoute,
  listAuditRoute,
  getUsageRoute,
  listDecisionsRoute,
  createServiceKeyRoute,
  listServiceKeysRoute,
  revokeServiceKeyRoute,
  getContractRoute,
  whoamiRoute,
  listMembersRoute,
  updateMemberRoute,
  removeMemberRoute,
  createInvitationRoute,
  listInvitationsRoute,
  revokeInvitationRoute,
  listOperatorsRoute,
  inviteOperatorRoute,
  removeOperatorRoute,
  createPasswordLinkRoute,
  listAccountsRoute,
  disableAccountRoute,
  enableAccountRoute,
  removeAccountRoute,
  forgetSecondFactorRoute,
  createPortalSessionRoute,
  listCliTokensRoute,
  revokeCliTokenRoute,
  signUpRoute,
  signInRoute,
  finishSignInRoute,
  listProvidersRoute,
  startProviderRoute,
  listLinkedProvidersRoute,
  unlinkProviderRoute,
  startPasskeySignInRoute,
  signInWithPasskeyRoute,
  signOutRoute,
  getSecondFactorRoute,
  enrolSecondFactorRoute,
  confirmSecondFactorRoute,
  renewRecoveryCodesRoute,
  disableSecondFactorRoute,
  listPasskeysRoute,
  startPasskeyRoute,
  addPasskeyRoute,
  removePasskeyRoute,
  changePasswordRoute,
  forgotPasswordRoute,
  resetPasswordRoute,
  enterPortalRoute,
  listSessionsRoute,
  endSessionRoute,
  viewInvitationRoute,
  acceptInvitationRoute,
  viewDeviceLoginRoute,
  approveDeviceRoute,
  denyDeviceRoute,
  reportLeaksRoute,
]
