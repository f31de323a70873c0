import {
  type Action,
  type Change,
  compileFormat,
  createDigester,
  createMemoryCounters,
  createVerifier,
  type FoundKey,
  type KeyRecord,
  type MemberRecord,
  type OrganizationRecord,
  type Outcome,
  parseContract,
} from '@keywright/core'
import { aKey, aMember, anOrganization, testActor } from '@keywright/core/testing'
import { expect, it } from 'vitest'
import { createRandom, type Random } from '../support/random.ts'
import { createScheduler } from '../support/scheduler.ts'

const episodes = 100_000
const contract = parseContract({
  name: 'acme',
  key: { forms: [{ prefix: 'ak_' }] },
  permissions: { byMakersRole: { owner: ['*'], admin: ['*'], member: ['things:read'] } },
  limits: [{ requests: 1_000_000_000, windowSeconds: 60 }],
})
const format = compileFormat(contract.key)
const digester = createDigester()
const now = new Date('2026-11-20T08:00:00Z')
const tomorrow = new Date('2026-11-21T08:00:00Z')

/** What is true after one change. */
interface Truth {
  key: KeyRecord | null
  organization: OrganizationRecord
  maker: MemberRecord | null
}

type Step = (truth: Truth) => { action: Action; truth: Truth } | null

const changed = (action: Action, change: (key: KeyRecord) => Partial<KeyRecord>): Step => {
  return ({ key, ...rest }) =>
    key && !key.revokedAt ? { action, truth: { ...rest, key: { ...key, ...change(key) } } } : null
}

const steps: Record<string, Step> = {
  revoke: changed('key.revoked', () => ({ revokedAt: now })),
  suspend: changed('key.suspended', () => ({ suspendedAt: now })),
  resume: changed('key.resumed', () => ({ suspendedAt: null })),
  rename: changed('key.updated', () => ({ name: 'Renamed' })),
  relimit: changed('key.updated', ({ limits }) => ({ limits: limits ? null : [] })),
  rotate: changed('key.rotated', (key) => ({ versions: rotated(key, now) })),
  rotateWithGrace: changed('key.rotated', (key) => ({ versions: rotated(key, tomorrow) })),
  forgetFirst: changed('key.rotated', (key) => ({ versions: rotated(key, now).slice(1) })),
  vanish: (truth) => (truth.key ? { action: 'key.revoked', truth: { ...truth, key: null } } : null),
  suspendAll: inOrganization('suspended'),
  unpaid: inOrganization('unpaid'),
  resumeAll: inOrganization('active'),
  leave: (truth) => ({ action: 'member.removed', truth: { ...truth, maker: null } }),
  join: (truth) => ({ action: 'member.added', truth: { ...truth, maker: aMember({ role: 'member' }) } }),
}

function inOrganization(state: OrganizationRecord['state']): Step {
  return (truth) => ({
    action: 'organization.updated',
    truth: { ...truth, organization: { ...truth.organization, state } },
  })
}

function rotated({ versions }: KeyRecord, retiresAt: Date): KeyRecord['versions'] {
  const older = versions.map((version) => ({
    ...version,
    retiresAt: version.retiresAt && version.retiresAt < retiresAt ? version.retiresAt : retiresAt,
  }))
  const number = (versions.at(-1)?.number ?? 0) + 1
  return [...older, versionOf(number)]
}

let secrets: string[] = []

function secretOf(version: number): string {
  secrets[version - 1] ??= format.mint({ environment: 'live', kind: 'secret' }).credential
  return secrets[version - 1] as string
}

function versionOf(number: number): KeyRecord['versions'][number] {
  return { number, digest: digester.digest(secretOf(number)), hint: '', createdAt: now, retiresAt: null }
}

/** Each part of a verdict on a secret, at one moment of truth; null where that part lets it through. */
function verdictsOn(credential: string, { key, organization, maker }: Truth) {
  const version = key?.versions.find(({ digest }) => digest === digester.digest(credential))
  const ofKey = () => {
    if (!key || !version) return 'unknown_key'
    if (key.revokedAt) return 'revoked_key'
    if (version.retiresAt && version.retiresAt <= now) return 'retired_secret'
    return key.suspendedAt ? 'suspended_key' : null
  }
  const ofOrganization = { active: null, unpaid: 'organization_unpaid', suspended: 'organization_suspended' }
  return { key: ofKey(), organization: ofOrganization[organization.state], maker: maker ? null : 'maker_left' }
}

/** The moments an attempt may speak of: from the last change in force before it began, to the last one made before it ended. */
function isTrueOf(outcome: Outcome, credential: string, moments: readonly Truth[]): boolean {
  const verdicts = moments.map((truth) => verdictsOn(credential, truth))
  const parts = ['key', 'organization', 'maker'] as const
  if (outcome.allowed) return parts.every((part) => verdicts.some((verdict) => verdict[part] === null))
  return verdicts.some((verdict) => parts.some((part) => verdict[part] === outcome.reason))
}

/** One verifier and the changes it meets. Truth goes on from episode to episode, each with a new key. */
function createStage(random: Random, { trouble }: { trouble: boolean }) {
  const scheduler = createScheduler(random)
  let truth: Truth = { key: null, organization: anOrganization(), maker: aMember() }
  let head = 0
  let history: Truth[] = []
  let firstInHistory = 0
  let made = 0

  /** As a database would answer: a reader that is behind says so with every key, and never says that there is none. */
  function read(matches: (key: KeyRecord) => boolean): FoundKey | undefined {
    if (trouble && random.chance(3)) throw new Error('The database is away.')
    const behind = trouble && random.chance(20) ? random.below(3) : 0
    return foundAt(Math.max(firstInHistory, head - behind), matches) ?? foundAt(head, matches)
  }

  function foundAt(readAt: number, matches: (key: KeyRecord) => boolean): FoundKey | undefined {
    const { key, organization, maker } = history[readAt - firstInHistory] as Truth
    return key && matches(key) ? { key, organization, maker, readAt, readHash: '' } : undefined
  }

  const verifier = createVerifier({
    contract,
    digester,
    counters,
    // Room for few, so that lines come and go while others are read.
    maxKeys: 1 + random.below(3),
    now: () => now.getTime(),
    keys: {
      find: (digest) => scheduler.later(() => read(({ versions }) => versions.some((it) => it.digest === digest))),
      found: (id) => scheduler.later(() => read((key) => key.id === id)),
    },
  })

  function commit(action: Action, next: Truth): Change {
    const target = action.startsWith('key')
      ? (next.key ?? truth.key)?.id
      : action.startsWith('member')
        ? 'acme/usr_1'
        : 'acme'
    truth = next
    history.push(next)
    head++
    const change = { action, organization: 'acme', target: target ?? '', actor: testActor, at: now, details: {} }
    return { ...change, number: head, hash: '' }
  }

  return {
    scheduler,
    verifier,
    random,
    get head() {
      return head
    },
    get truth() {
      return truth
    },
    /** All truths from one number to another. */
    moments: (from: number, to: number) => history.slice(from - firstInHistory, to - firstInHistory + 1),
    commit,
    nextKey(): KeyRecord {
      firstInHistory = head
      history = [truth]
      secrets = []
      made++
      return aKey(made, { createdBy: 'usr_1', versions: [versionOf(1)] })
    },
  }
}

const counters = createMemoryCounters()
/** Keys that nobody asks about, changed in the same call: with so many none is read again. */
const others = Array.from({ length: 100 }, (_, other) => `key_${other}`)

/** One key's life, as the seed has it. Throws for the first verdict that was never true. */
async function play(stage: ReturnType<typeof createStage>): Promise<void> {
  const { scheduler, verifier, random } = stage
  const key = stage.nextKey()
  const failures: unknown[] = []
  const inForce = new Set<number>()
  const startedAt = stage.head
  let allInForce = startedAt

  async function attempt(version: number): Promise<void> {
    const credential = secretOf(version)
    const from = allInForce
    try {
      const outcome = await verifier.verify({ credential })
      if (isTrueOf(outcome, credential, stage.moments(from, stage.head))) return
      const told = outcome.allowed ? 'allowed' : outcome.reason
      failures.push(new Error(`secret ${version} is ${told}, as it never was since change ${from - startedAt} of it`))
    } catch (error) {
      // An outage is no verdict.
      if (!(error instanceof Error && /database/.test(error.message))) failures.push(error)
    }
  }

  async function change(action: Action, next: Truth): Promise<void> {
    const made = stage.commit(action, next)
    await verifier.apply(random.chance(10) ? [made, ...others.map((target) => ({ ...made, target }))] : [made])
    inForce.add(made.number)
    while (inForce.has(allInForce + 1)) allInForce++
  }

  const running: Promise<void>[] = []
  const names = Object.keys(steps)
  const moves = 8 + random.below(8)
  let created = false
  for (let move = 0; move < moves; move++) {
    const dice = random.below(10)
    if (dice < 4) {
      running.push(attempt(1 + random.below(3)))
      await scheduler.settled()
    } else if (dice < 7 && scheduler.waiting > 0) {
      await scheduler.letOneGo()
    } else if (!created) {
      created = true
      running.push(change('key.created', { ...stage.truth, key }))
    } else {
      const next = steps[random.pick(names)]?.(stage.truth)
      if (next) running.push(change(next.action, next.truth))
    }
  }
  while (scheduler.waiting > 0) await scheduler.letOneGo()
  await Promise.all(running)

  for (let version = 1; version <= 4; version++) {
    const last = attempt(version)
    await scheduler.settled()
    while (scheduler.waiting > 0) await scheduler.letOneGo()
    await last
  }
  if (failures.length > 0) throw failures[0]
}

it.each([
  ['a database that answers in any order', false],
  ['one that also fails and lags behind', true],
])(
  'with %s, nothing is accepted that a change in force took away, nor refused that one gave',
  async (_, trouble) => {
    for (let seed = 0; seed < episodes / 200; seed++) {
      const stage = createStage(createRandom(seed + (trouble ? 1_000_000 : 0)), { trouble })
      for (let episode = 0; episode < 100; episode++) {
        await play(stage).catch((error: Error) => {
          throw new Error(`Seed ${seed}, episode ${episode}: ${error.message}`, { cause: error })
        })
      }
    }
    expect(counters.usage().forgotten).toBe(0)
  },
  300_000,
)
