import type { KeyRecord } from '../key/record.ts'
import { readsOf } from './memory-reads.ts'
import type { Drafts, Table } from './memory-table.ts'
import { memberCursor } from './page.ts'
import type { Operations } from './run-work.ts'
import { DuplicateError } from './store.ts'

export function operationsOn(drafts: Drafts): Omit<Operations, 'pruneChanges'> {
  const { organizations, projects, members, keys, serviceKeys, digests, serviceDigests } = drafts
  const { operators, cliTokens, invitations, formerOrganizations } = drafts

  function requireOrganization(id: string): void {
    if (!organizations.get(id)) throw new Error(`There is no organization ${id}.`)
  }

  function deleteKeys(matches: (key: KeyRecord) => boolean): void {
    for (const id of keys.ids(matches)) {
      for (const { digest } of keys.get(id)?.versions ?? []) digests.delete(digest)
      keys.delete(id)
    }
  }

  return {
    ...readsOf(drafts),
    takeTurn: async () => {},
    serviceKey: async (id) => serviceKeys.get(id),
    cliToken: async (id) => cliTokens.get(id),
    invitation: async (id) => invitations.get(id),
    openInvitations: async ({ organization, email, at }) =>
      invitations.list(
        (one) =>
          one.organization === organization &&
          one.email === email &&
          one.acceptedAt === null &&
          one.revokedAt === null &&
          one.expiresAt > at,
        { limit: Number.POSITIVE_INFINITY },
      ),

    async putKey(key) {
      requireOrganization(key.organization)
      if (key.project !== null && !projects.get(key.project)) throw new Error(`There is no project ${key.project}.`)
      for (const { digest } of keys.get(key.id)?.versions ?? []) digests.delete(digest)
      for (const { digest } of key.versions) {
        if (digests.get(digest) !== undefined) throw new DuplicateError('digest')
        digests.put(digest, key.id)
      }
      keys.put(key.id, key)
    },

    async putOrganization(organization) {
      if (formerOrganizations.get(organization.id)) throw new DuplicateError('id')
      organizations.put(organization.id, organization)
    },
    async deleteOrganization(id) {
      const isInside = (row: { organization: string | null }) => row.organization === id
      deleteKeys(isInside)
      for (const key of serviceKeys.ids(isInside)) {
        serviceDigests.delete(serviceKeys.get(key)?.digest ?? '')
        serviceKeys.delete(key)
      }
      for (const project of projects.ids(isInside)) projects.delete(project)
      for (const member of members.ids(isInside)) members.delete(member)
      for (const invitation of invitations.ids(isInside)) invitations.delete(invitation)
      organizations.delete(id)
      formerOrganizations.put(id, true)
    },

    async putProject(project) {
      requireOrganization(project.organization)
      projects.put(project.id, project)
    },
    async deleteProject(id) {
      deleteKeys((key) => key.project === id)
      projects.delete(id)
    },

    async putMember(member) {
      requireOrganization(member.organization)
      members.put(memberCursor(member), member)
    },
    deleteMember: async (organization, user) => members.delete(memberCursor({ organization, user })),

    async putServiceKey(key) {
      if (key.organization !== null) requireOrganization(key.organization)
      serviceDigests.delete(serviceKeys.get(key.id)?.digest ?? '')
      if (serviceDigests.get(key.digest) !== undefined) throw new DuplicateError('digest')
      serviceDigests.put(key.digest, key.id)
      serviceKeys.put(key.id, key)
    },

    putOperator: async (operator) => operators.put(operator.user, operator),
    deleteOperator: async (user) => operators.delete(user),
    async putCliToken(token) {
      requireFree(cliTokens, token)
      cliTokens.put(token.id, token)
    },
    async putInvitation(invitation) {
      if (invitation.organization !== null) requireOrganization(invitation.organization)
      requireFree(invitations, invitation)
      invitations.put(invitation.id, invitation)
    },
    async deleteInvitations({ organization, email }) {
      const found = invitations.ids((one) => one.organization === organization && one.email === email)
      for (const invitation of found) invitations.delete(invitation)
    },
  }
}

function requireFree<T extends { id: string; digest: string }>(table: Table<T>, { id, digest }: T): void {
  if (table.ids((row) => row.digest === digest && row.id !== id).length > 0) throw new DuplicateError('digest')
}
