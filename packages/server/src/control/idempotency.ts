import { hash } from 'node:crypto'
import { type Change, type ChangeEvent, LifecycleError, newId, type Store, type Transaction } from '@keywright/core'
import type { CallStore, Claim, Claimed, KnownCall } from './calls.ts'
import { invalid, Problem } from './problem.ts'
import type { Earlier } from './route.ts'

interface Attempted {
  caller: string
  route: string
  /** As sent in `Idempotency-Key`; null where there is none. */
  header: string | null
  /** What must be the same when the call is repeated. */
  content: readonly string[]
  now: Date
}

interface Work {
  run(store: Store): Promise<unknown>
  replay(store: Store, earlier: Earlier): Promise<unknown>
}

/**
 * Carries a call out once, however often it is made with the same key. Each change of the call is marked with its id in
 * the change log, which is committed with the change itself: so a process that dies in the middle leaves no doubt. And
 * each is committed only where the call is still its claimant's: so one that was only slow does nothing a second time.
 */
export async function once(calls: CallStore, store: Store, call: Attempted, work: Work): Promise<unknown> {
  if (call.header === null) return work.run(store)
  const { caller, route, now } = call
  const claim = await calls.claim({
    id: newId('call', now.getTime()),
    caller,
    route,
    key: readKey(call.header),
    fingerprint: hash('sha256', JSON.stringify(call.content)),
    since: (await store.head()).number,
    now,
  })
  if (claim.state === 'running') throw running()
  if (claim.state === 'mismatch') throw new Problem('idempotency_mismatch')
  const { claimed } = claim
  if (claim.state === 'new') return attempt(calls, store, { claimed, earlier: null, work })
  const done = await doneBefore(store, claim)
  const changes = () => changesOf(store, claim.call)
  return attempt(calls, store, { claimed, earlier: done && { ...done, changes }, work })
}

/** Kept of a call once it is over. */
type Result = Pick<Earlier, 'target' | 'version'>

async function attempt(
  calls: CallStore,
  store: Store,
  { claimed, earlier, work }: { claimed: Claimed; earlier: Earlier | null; work: Work },
): Promise<unknown> {
  let result: Result = { target: earlier?.target ?? '', version: earlier?.version ?? null }
  const marked = marking(calls, store, claimed, (change) => {
    result = { target: change.target, version: versionOf(change) ?? result.version }
  })
  try {
    const answer = earlier ? await work.replay(marked, earlier) : await work.run(marked)
    await calls.finish(claimed, result)
    return answer
  } catch (error) {
    // What became of it is not known here, and a version that it may have issued would be taken for another call's.
    if (!isRefusal(error)) await calls.abandon(claimed)
    else if (earlier || result.target !== '') await calls.finish(claimed, result)
    else await calls.release(claimed)
    if (earlier && error instanceof LifecycleError && error.code === 'conflict') throw superseded(error)
    throw error
  }
}

function running(): Problem {
  return new Problem('idempotency_running', undefined, { headers: { 'retry-after': '1' } })
}

/** Of anything else, a connection that is lost at the commit or a change after it, it is not known what became. */
function isRefusal(error: unknown): boolean {
  return error instanceof Problem ? error.code !== 'unavailable' : error instanceof LifecycleError
}

function superseded({ message }: LifecycleError): Problem {
  return new Problem('idempotency_superseded', `${message} The call cannot be answered again.`)
}

/** What an earlier call did; null where its process died before it had done anything. */
async function doneBefore(store: Store, claim: Extract<Claim, { call: KnownCall }>): Promise<Result | null> {
  const { target, version } = claim.call
  if (claim.state === 'done') return { target: target ?? '', version }
  const last = (await changesOf(store, claim.call)).at(-1)
  if (last) return { target: last.target, version: versionOf(last) }
  // What had nothing to change, and was repeated since, would now do what others may have undone meanwhile.
  return target === null ? null : { target, version }
}

async function changesOf(store: Store, { id, since }: KnownCall): Promise<Change[]> {
  const own: Change[] = []
  for (let after = since; ; ) {
    const changes = await store.changes(after, 1000)
    own.push(...changes.filter(({ details }) => details.call === id))
    const end = changes.at(-1)
    if (!end) return own
    after = end.number
  }
}

function versionOf({ action, details }: Change): number | null {
  if (action === 'key.created') return 1
  return typeof details.version === 'number' ? details.version : null
}

/** The same store, whose transactions write the call's id into what they record, and are undone once it is another's. */
function marking(calls: CallStore, store: Store, claimed: Claimed, seen: (change: Change) => void): Store {
  const call = claimed.id
  return Object.assign(Object.create(store) as Store, {
    async transact<T>(work: (transaction: Transaction) => Promise<T>) {
      const done = await store.transact(async (transaction) => {
        const record = (event: ChangeEvent) => transaction.record({ ...event, details: { ...event.details, call } })
        const result = await work({ ...transaction, record })
        if (!(await calls.holds(claimed, transaction))) throw running()
        return result
      })
      for (const change of done.changes) seen(change)
      return done
    },
  })
}

/** A Structured Field string (RFC 9651 §3.3.3), or the same without its quotation marks. */
function readKey(header: string): string {
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key
  throw invalid([{ field: 'Idempotency-Key', message: 'must have 1 to 255 visible ASCII characters' }])
}
