import type { KeyRecord } from '../key/record.ts'
import type {
  CliTokenRecord,
  InvitationRecord,
  MemberRecord,
  OperatorRecord,
  OrganizationRecord,
  ProjectRecord,
  ServiceKeyRecord,
} from './records.ts'

/** Rows by id. What goes in and comes out are copies: a row changes only by being put. */
export interface Table<T> {
  get(id: string): T | undefined
  /** At most `limit` of those that match, in order of their ids, from the one after `after`. */
  list(matches: (row: T) => boolean, page: { after?: string; limit: number }): T[]
  /** The ids of all that match. */
  ids(matches: (row: T) => boolean): string[]
}

/** A table as one transaction sees it: what is committed, under what it has written itself. */
interface Draft<T> extends Table<T> {
  put(id: string, row: T): void
  delete(id: string): void
  commit(): void
}

interface CommittedTable<T> extends Table<T> {
  draft(): Draft<T>
}

type Committed = ReturnType<typeof createTables>
type RowOf<Name extends keyof Committed> = Committed[Name] extends Table<infer Row> ? Row : never

export type Tables = { [Name in keyof Committed]: Table<RowOf<Name>> }
export type Drafts = { [Name in keyof Committed]: Draft<RowOf<Name>> }

export function createTables() {
  return {
    organizations: createTable<OrganizationRecord>(),
    projects: createTable<ProjectRecord>(),
    members: createTable<MemberRecord>(),
    keys: createTable<KeyRecord>(),
    serviceKeys: createTable<ServiceKeyRecord>(),
    operators: createTable<OperatorRecord>(),
    cliTokens: createTable<CliTokenRecord>(),
    invitations: createTable<InvitationRecord>(),
    /** Ids that are never given to another. */
    formerOrganizations: createTable<true>(),
    /** Ids of keys by digest. */
    digests: createTable<string>(),
    /** Ids of service keys by digest. */
    serviceDigests: createTable<string>(),
  }
}

export function draftsOf(tables: Committed): Drafts {
  return Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, table.draft()])) as Drafts
}

function createTable<T>(): CommittedTable<T> {
  const committed = new Map<string, T>()
  return { ...reading(() => committed), draft: () => draftOf(committed) }
}

function draftOf<T>(committed: Map<string, T>): Draft<T> {
  const written = new Map<string, T | undefined>()

  function writeTo(rows: Map<string, T>): Map<string, T> {
    for (const [id, row] of written) {
      if (row === undefined) rows.delete(id)
      else rows.set(id, row)
    }
    return rows
  }

  return {
    ...reading(() => writeTo(new Map(committed))),
    get: (id) => structuredClone(written.has(id) ? written.get(id) : committed.get(id)),
    put: (id, row) => void written.set(id, structuredClone(row)),
    delete: (id) => void written.set(id, undefined),
    commit: () => void writeTo(committed),
  }
}

function reading<T>(rows: () => Map<string, T>): Table<T> {
  return {
    get: (id) => structuredClone(rows().get(id)),
    list: (matches, { after, limit }) =>
      [...rows()]
        .filter(([id, row]) => (after === undefined || id > after) && matches(row))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([, row]) => structuredClone(row)),
    ids: (matches) => [...rows()].filter(([, row]) => matches(row)).map(([id]) => id),
  }
}
