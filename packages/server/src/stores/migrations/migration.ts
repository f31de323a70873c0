/** What differs between databases in the SQL of a migration. */
export interface ColumnTypes {
  /** Text that is compared and ordered byte by byte, whatever the language of the database. */
  id: string
  /** The text at a path within a column of JSON. */
  member(column: string, ...path: string[]): string
  /** What people may see of all secrets of a row of `kw_keys`, and of its newest one. */
  hints: string
  lastHint: string
}

/**
 * One step of the schema, in SQL that every database of ours takes. It runs in one transaction with the row that
 * records it, and is never edited once released.
 */
export interface Migration {
  number: number
  name: string
  /**
   * How many migrations a version of Keywright must know to run on the schema from here on; absent, all go on as before.
   * What a running version still uses is taken away in a later release than the one that stopped using it.
   */
  needs?: number
  statements(types: ColumnTypes): string[]
}
