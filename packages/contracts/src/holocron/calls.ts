import type { EdgeAnswer } from '../routes/edge-routes.ts'
import { optional, text } from '../routes/members.ts'

export const newProject = { name: text, orgId: optional(text) }
export const newKey = { name: text, projectId: text }

/** The rows of the contract's table, as they are for one caller. */
export interface Calls {
  me(): Promise<EdgeAnswer>
  listProjects(): Promise<EdgeAnswer>
  createProject(): Promise<EdgeAnswer>
  listKeys(): Promise<EdgeAnswer>
  createKey(): Promise<EdgeAnswer>
  /** An id that the caller does not reach is answered as one that does not exist. */
  deleteKey(id: string): Promise<EdgeAnswer>
}
