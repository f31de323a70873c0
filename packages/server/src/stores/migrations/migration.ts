/** What differs between databases in a `create table`. */
export interface ColumnTypes {
  /** Text that is compared and ordered byte by byte, whatever the language of the database. */
  id: string
}

/**
 * One step of the schema, in SQL that every database of ours takes. It runs in one transaction with the row that
 * records it, and is never edited once released.
 */
export interface Migration {
  number: number
  name: string
  statements(types: ColumnTypes): string[]
}
