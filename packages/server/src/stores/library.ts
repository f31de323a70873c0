export { type PostgresStore, postgres } from './postgres.ts'
export { type SqliteStore, sqlite } from './sqlite.ts'
