export { openSqlite } from './open-sqlite.ts'
export { type SqliteStore, sqlite } from './sqlite.ts'
