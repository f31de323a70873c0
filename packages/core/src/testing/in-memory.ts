import type { Actor } from '../audit/event.ts'
import { compileFormat } from '../key/credential.ts'
import { createDigester } from '../key/digest.ts'
import type { Lifecycle } from '../lifecycle/lifecycle.ts'
import { createOrganization, type NewOrganization } from '../lifecycle/organization.ts'
import { createProject } from '../lifecycle/project.ts'
import { publish } from '../lifecycle/publish.ts'
import { createMemoryStore } from '../store/memory.ts'
import type { OrganizationRecord, ProjectRecord } from '../store/records.ts'
import type { KeySource, Store } from '../store/store.ts'
import { createVerifier, type Verifier, type VerifierOptions } from '../verify/verifier.ts'
import { createClock, type SettableClock } from './clock.ts'

/** Everything a key's life needs. What a verb has resolved with is in force in the verifier. */
export interface InMemory {
  clock: SettableClock
  store: Store
  verifier: Verifier
  lifecycle: Lifecycle
  /** Named `acme` unless given. */
  organization(input?: Partial<NewOrganization>): Promise<OrganizationRecord>
  project(organization: OrganizationRecord): Promise<ProjectRecord>
}

export interface InMemoryOptions extends Omit<VerifierOptions, 'keys' | 'now'> {
  clock?: SettableClock
  /** What the verifier reads from instead of the store: slower, further away, failing. */
  keys?: (store: Store) => KeySource
}

/** Who acts in tests. */
export const testActor: Actor = { type: 'system', id: 'tests', triggeredBy: 'api', address: null, requestId: null }

/** A store, a verifier and the verbs for one contract, without I/O and on a clock of their own. */
export function inMemory({
  clock = createClock(),
  digester = createDigester(),
  keys = (store) => store,
  ...options
}: InMemoryOptions): InMemory {
  const opened = createMemoryStore()
  const { contract } = options
  const verifier = createVerifier({ ...options, digester, keys: keys(opened), now: clock.now })
  const store = publish(opened, verifier.apply)
  const lifecycle: Lifecycle = { contract, format: compileFormat(contract.key), digester, store, now: clock.date }
  return {
    clock,
    store,
    verifier,
    lifecycle,
    async organization(input = {}) {
      const made = await createOrganization(lifecycle, testActor, { id: 'acme', name: 'Acme', ...input })
      return made.organization
    },
    async project({ id }) {
      const { project } = await createProject(lifecycle, testActor, { organization: id, name: 'Rockets' })
      return project
    },
  }
}
