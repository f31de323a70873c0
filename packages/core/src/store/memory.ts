import { emptyHead, type Head, linkAll } from '../audit/chain.ts'
import type { Change } from '../audit/event.ts'
import { auditPage } from './memory-audit.ts'
import { operationsOn } from './memory-operations.ts'
import { foundIn, readsOf } from './memory-reads.ts'
import { createTables, draftsOf } from './memory-table.ts'
import { runWork } from './run-work.ts'
import { DuplicateError, type Store } from './store.ts'
import { createTurns } from './turns.ts'

/** A store that is gone with the process: for tests, and for embedding where keys come from elsewhere at each start. */
export function createMemoryStore(): Store {
  const tables = createTables()
  const log: Change[] = []
  let checkpoint: Head = emptyHead
  const inTurn = createTurns()

  function head(): Head {
    const { number, hash } = log.at(-1) ?? checkpoint
    return { number, hash }
  }

  const reads = readsOf(tables)
  return {
    ...reads,
    countUnrevoked: async (filter) =>
      (await reads.keys({ ...filter, isRevoked: false, limit: Number.POSITIVE_INFINITY })).items.length,
    find(digest) {
      const id = tables.digests.get(digest)
      return id === undefined ? undefined : foundIn(tables, tables.keys.get(id), head())
    },
    found: async (id) => foundIn(tables, tables.keys.get(id), head()),
    async serviceKey(digest) {
      const id = tables.serviceDigests.get(digest)
      return id === undefined ? undefined : tables.serviceKeys.get(id)
    },
    cliToken: async (digest) => tables.cliTokens.list((token) => token.digest === digest, { limit: 1 })[0],
    invitation: async (digest) => tables.invitations.list((row) => row.digest === digest, { limit: 1 })[0],
    changes: async (after, limit) => {
      const start = Math.max(0, after - checkpoint.number)
      return structuredClone(log.slice(start, start + limit))
    },
    audit: async (filter) => structuredClone(auditPage(log, filter)),
    head: async () => head(),
    checkpoint: async () => checkpoint,
    transact: (work) =>
      inTurn(async () => {
        const drafts = draftsOf(tables)
        let pruned = checkpoint
        const pruneChanges = async (through: number) => {
          const last = log[through - checkpoint.number - 1]
          if (!last) throw new DuplicateError('checkpoint')
          pruned = { number: last.number, hash: last.hash }
        }
        const { result, events } = await runWork({ ...operationsOn(drafts), pruneChanges }, work)
        const changes = linkAll(head(), events)
        for (const draft of Object.values(drafts)) draft.commit()
        log.push(...structuredClone(changes))
        log.splice(0, pruned.number - checkpoint.number)
        checkpoint = pruned
        return { result, changes }
      }),
    close: async () => {},
  }
}
