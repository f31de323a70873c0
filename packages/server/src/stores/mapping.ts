import type {
  CliTokenRecord,
  FoundKey,
  InvitationRecord,
  KeyRecord,
  MemberRecord,
  OperatorRecord,
  OrganizationRecord,
  ProjectRecord,
  ServiceKeyRecord,
} from '@keywright/core'
import type { Insertable, Selectable } from 'kysely'
import { type Codec, date, flag, integer, json, optional, text, versions, word } from './codec.ts'
import type {
  CliTokenRow,
  FoundRow,
  InvitationRow,
  KeyRow,
  MemberRow,
  OperatorRow,
  OrganizationRow,
  ProjectRow,
  ServiceKeyRow,
} from './schema.ts'

/** What every column of a record is called, `createdAt` being `created_at`, and how its values are written. */
type Columns<Item> = { [Field in keyof Item]-?: Codec<Item[Field]> }

const organizationColumns: Columns<OrganizationRecord> = {
  id: text,
  name: text,
  plan: optional(text),
  namespaces: optional(json()),
  monthlyQuota: optional(integer),
  state: word(),
  createdAt: date,
}

const memberColumns: Columns<MemberRecord> = {
  organization: text,
  user: text,
  role: word(),
  createdAt: date,
}

export const organizations = mapping<OrganizationRecord, OrganizationRow>(organizationColumns)
export const members = mapping<MemberRecord, MemberRow>(memberColumns)

export const projects = mapping<ProjectRecord, ProjectRow>({
  id: text,
  organization: text,
  name: text,
  createdAt: date,
})

const keyColumns: Columns<KeyRecord> = {
  id: text,
  organization: text,
  project: optional(text),
  createdBy: optional(text),
  name: text,
  kind: text,
  environment: text,
  permissions: optional(json()),
  namespaces: optional(json()),
  allowedIps: optional(json()),
  limits: optional(json()),
  limitsBeside: flag,
  metadata: json(),
  createdAt: date,
  expiresAt: optional(date),
  suspendedAt: optional(date),
  revokedAt: optional(date),
  revokedReason: optional(text),
  deletedAt: optional(date),
  versions,
}

export const keys = mapping<KeyRecord, KeyRow>(keyColumns)

export const serviceKeys = mapping<ServiceKeyRecord, ServiceKeyRow>({
  id: text,
  name: text,
  digest: text,
  hint: text,
  permissions: json(),
  organization: optional(text),
  createdAt: date,
  revokedAt: optional(date),
})

export const operators = mapping<OperatorRecord, OperatorRow>({ user: text, createdAt: date })

export const cliTokens = mapping<CliTokenRecord, CliTokenRow>({
  id: text,
  user: text,
  name: text,
  digest: text,
  hint: text,
  createdAt: date,
  expiresAt: date,
  revokedAt: optional(date),
  lastUsedAt: optional(date),
})

export const invitations = mapping<InvitationRecord, InvitationRow>({
  id: text,
  organization: optional(text),
  role: word(),
  email: optional(text),
  digest: text,
  createdBy: optional(text),
  createdAt: date,
  expiresAt: date,
  acceptedAt: optional(date),
  revokedAt: optional(date),
})

const joinedKey = mapping<KeyRecord, FoundRow>(keyColumns)
const joinedOrganization = mapping<OrganizationRecord, FoundRow>(organizationColumns, 'organization_')
const joinedMaker = mapping<MemberRecord, FoundRow>(memberColumns, 'maker_')

export function foundKey(row: FoundRow): FoundKey {
  return {
    key: joinedKey.toRecord(row),
    organization: joinedOrganization.toRecord(row),
    maker: row.maker_user === null ? null : joinedMaker.toRecord(row),
    readAt: integer.decode(row.read_at),
    readHash: row.read_hash,
  }
}

function mapping<Item extends object, Row>(columns: Columns<Item>, prefix = '') {
  const fields = Object.entries<Codec<unknown>>(columns).map(([field, codec]) => ({
    field: field as keyof Item,
    column: prefix + field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    codec,
  }))
  return {
    toRow(item: Item): Insertable<Row> {
      return Object.fromEntries(
        fields.map(({ field, column, codec }) => [column, codec.encode(item[field])]),
      ) as Insertable<Row>
    },
    toRecord(row: Selectable<Row>): Item {
      const item: Partial<Record<keyof Item, unknown>> = {}
      for (const { field, column, codec } of fields)
        item[field] = codec.decode((row as Record<string, unknown>)[column])
      return item as Item
    },
  }
}
