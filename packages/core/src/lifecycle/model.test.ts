import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseContract } from '../contract/parse.ts'
import { type InMemory, inMemory, testActor } from '../testing/in-memory.ts'
import { issue } from './issue.ts'
import type { LifecycleError } from './lifecycle.ts'
import { remove, revoke } from './revoke.ts'
import { changeGrace, rotate } from './rotate.ts'
import { resume, suspend } from './suspend.ts'
import { update } from './update.ts'

const contract = parseContract({
  name: 'acme',
  key: { forms: [{ prefix: 'ak_' }] },
  rotation: { maxGraceSeconds: 3600 },
})

interface ModelSecret {
  credential: string
  number: number
  endsAt: number
}

interface ModelKey {
  id: string
  secrets: ModelSecret[]
  expiresAt: number
  suspended: boolean
  revoked: boolean
  deleted: boolean
}

interface Model {
  keys: ModelKey[]
  /** Of secrets that were dropped from their key, long after they had ended. */
  forgotten: string[]
  now: number
}

type Command = fc.AsyncCommand<Model, InMemory>

/** What each secret ever issued must answer now. */
function expected({ suspended, revoked, expiresAt }: ModelKey, { endsAt }: ModelSecret, now: number): string {
  if (revoked) return 'revoked_key'
  if (Math.min(expiresAt, endsAt) <= now) return expiresAt <= endsAt ? 'expired_key' : 'retired_secret'
  return suspended ? 'suspended_key' : 'allowed'
}

async function checkAll(model: Model, { verifier, clock }: InMemory): Promise<void> {
  expect(clock.now()).toBe(model.now)
  for (const key of model.keys) {
    for (const secret of key.secrets) {
      const outcome = await verifier.verify({ credential: secret.credential })
      expect(outcome.allowed ? 'allowed' : outcome.reason).toBe(expected(key, secret, model.now))
      expect(outcome.principal).toMatchObject({ key: key.id, version: secret.number })
      const end = Math.min(secret.endsAt, key.expiresAt)
      if (outcome.allowed) expect(outcome.retiresAt?.getTime() ?? null).toBe(secret.endsAt === never ? null : end)
    }
  }
  for (const credential of model.forgotten) {
    expect(await verifier.verify({ credential })).toMatchObject({ reason: 'unknown_key' })
  }
}

const never = Number.POSITIVE_INFINITY

function command(name: string, run: (model: Model, real: InMemory) => Promise<void>): Command {
  return {
    check: () => true,
    async run(model, real) {
      await run(model, real)
      await checkAll(model, real)
    },
    toString: () => name,
  }
}

/** A verb on one of the keys: refused with `refusal`, or done in both worlds. */
function onKey(
  name: string,
  at: number,
  refusal: (key: ModelKey, model: Model) => LifecycleError['code'] | null,
  run: (key: ModelKey, model: Model, real: InMemory) => Promise<unknown>,
): Command {
  return command(`${name} #${at}`, async (model, real) => {
    const key = model.keys[at % model.keys.length]
    if (!key) return
    const code = key.deleted ? 'not_found' : refusal(key, model)
    if (code === null) await run(key, model, real)
    else
      await expect(run({ ...key, secrets: [...key.secrets] }, structuredClone(model), real)).rejects.toMatchObject({
        code,
      })
  })
}

const conflictIf = (refused: boolean) => (refused ? 'conflict' : null)
const whenRevoked = ({ revoked }: ModelKey) => conflictIf(revoked)

const key = fc.nat({ max: 3 })
const grace = fc.constantFrom(0, 1, 60, 3600)
const moment = fc.constantFrom(1, 999, 1000, 59_999, 60_000, 3_600_000)

const commands = [
  fc.constant(
    command('issue', async (model, real) => {
      if (model.keys.length === 4) return
      const made = await issue(real.lifecycle, testActor, { organization: 'acme', name: 'a', limits: [] })
      const secrets = [{ credential: made.credential, number: 1, endsAt: never }]
      model.keys.push({ id: made.key.id, secrets, expiresAt: never, suspended: false, revoked: false, deleted: false })
    }),
  ),
  fc.tuple(key, grace).map(([at, graceSeconds]) =>
    onKey(
      `rotate with ${graceSeconds} s of grace`,
      at,
      (key, { now }) => conflictIf(key.revoked || key.expiresAt <= now),
      async (key, model, { lifecycle }) => {
        const rotated = await rotate(lifecycle, testActor, key.id, { graceSeconds })
        expect(rotated.key.id).toBe(key.id)
        const end = model.now + graceSeconds * 1000
        for (const secret of key.secrets) secret.endsAt = Math.min(secret.endsAt, end)
        const number = (key.secrets.at(-1)?.number ?? 0) + 1
        key.secrets.push({ credential: rotated.credential, number, endsAt: never })
        const listed = rotated.key.versions.map((version) => version.number)
        expect(rotated.key.versions.filter(({ retiresAt }) => retiresAt === null)).toHaveLength(1)
        model.forgotten.push(...key.secrets.filter((it) => !listed.includes(it.number)).map((it) => it.credential))
        key.secrets = key.secrets.filter((it) => listed.includes(it.number))
        expect(key.secrets.length).toBeLessThanOrEqual(20)
        expect(key.secrets.length === 20 || number === key.secrets.length).toBe(true)
      },
    ),
  ),
  fc.tuple(key, fc.nat({ max: 3 }), grace).map(([at, back, graceSeconds]) =>
    onKey(
      `change the grace of the secret ${back} before the last to ${graceSeconds} s`,
      at,
      (key, { now }) => {
        const secret = key.secrets.at(-1 - back)
        if (key.revoked) return 'conflict'
        return secret ? conflictIf(secret.endsAt === never || secret.endsAt <= now) : 'not_found'
      },
      async (key, { now }, { lifecycle }) => {
        const secret = key.secrets.at(-1 - back)
        await changeGrace(lifecycle, testActor, key.id, secret?.number ?? 0, graceSeconds)
        if (secret) secret.endsAt = now + graceSeconds * 1000
      },
    ),
  ),
  key.map((at) =>
    onKey('suspend', at, whenRevoked, async (key, _, { lifecycle }) => {
      await suspend(lifecycle, testActor, key.id)
      key.suspended = true
    }),
  ),
  key.map((at) =>
    onKey('resume', at, whenRevoked, async (key, _, { lifecycle }) => {
      await resume(lifecycle, testActor, key.id)
      key.suspended = false
    }),
  ),
  key.map((at) =>
    onKey(
      'revoke',
      at,
      () => null,
      async (key, _, { lifecycle }) => {
        const { change } = await revoke(lifecycle, testActor, key.id)
        expect(change === null).toBe(key.revoked)
        key.revoked = true
      },
    ),
  ),
  key.map((at) =>
    onKey(
      'remove',
      at,
      () => null,
      async (key, _, { lifecycle, store }) => {
        await remove(lifecycle, testActor, key.id)
        key.revoked = true
        key.deleted = true
        expect((await store.keys({ limit: 100 })).items.map(({ id }) => id)).not.toContain(key.id)
      },
    ),
  ),
  fc.tuple(key, fc.option(moment)).map(([at, ms]) =>
    onKey(`expire in ${ms} ms`, at, whenRevoked, async (key, { now }, { lifecycle }) => {
      const expiresAt = ms === null ? null : new Date(now + ms)
      await update(lifecycle, testActor, key.id, { expiresAt })
      key.expiresAt = expiresAt?.getTime() ?? never
    }),
  ),
  moment.map((ms) =>
    command(`advance ${ms} ms`, async (model, { clock }) => {
      clock.advance(ms)
      model.now += ms
    }),
  ),
]

it('every secret ever issued answers as its life until then says, after every step of any life', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 80, size: 'max' }), (steps) =>
      fc.asyncModelRun(async () => {
        const real = inMemory({ contract })
        await real.organization()
        return { model: { keys: [], forgotten: [], now: real.clock.now() }, real }
      }, steps),
    ),
    { numRuns: 200 },
  )
})
