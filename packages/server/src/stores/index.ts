export { openSqlite } from './open-sqlite.ts'
export { sqlite } from './sqlite.ts'
