import { builtIn } from '@keywright/contracts'
import {
  type Contract,
  changeGrace,
  createDigester,
  createProject,
  type Denied,
  deleteOrganization,
  importKey,
  issue,
  type Outcome,
  reissue,
  remove,
  resume,
  revoke,
  rotate,
  suspend,
  update,
  updateOrganization,
} from '@keywright/core'
import { testActor } from '@keywright/core/testing'
import { describe, expect, it } from 'vitest'
import { createCountingSource, inMemoryThrough } from '../support/sources.ts'

/** A key of the contract in an organization that has what it needs. */
async function startIn(contract: Contract) {
  const all = inMemoryThrough(createCountingSource, { contract })
  const { lifecycle, organization } = all
  async function make(id: string, terms = {}) {
    if (!(await all.store.organization(id))) await organization({ id, name: id })
    const project =
      contract.boundTo === 'project'
        ? (await createProject(lifecycle, testActor, { organization: id, name: 'a' })).project.id
        : null
    return issue(lifecycle, testActor, { organization: id, project, name: 'a', ...terms })
  }
  return { ...all, make }
}

describe.each(Object.entries(builtIn))('to %s,', (_, contract) => {
  it('every key that is not accepted is answered alike, to the byte', async () => {
    const { lifecycle, verifier, clock, make } = await startIn(contract)
    const { format } = lifecycle
    const [revoked, suspended, expired, retired, deleted, gone] = [
      await make('one'),
      await make('two'),
      await make('three', { expiresAt: new Date(clock.now() + 1000) }),
      await make('four'),
      await make('five'),
      await make('six'),
    ]
    await revoke(lifecycle, testActor, revoked.key.id, { reason: 'leaked' })
    await suspend(lifecycle, testActor, suspended.key.id)
    await rotate(lifecycle, testActor, retired.key.id)
    await remove(lifecycle, testActor, deleted.key.id)
    await deleteOrganization(lifecycle, testActor, 'six')
    clock.advance(1000)
    const unknown = format.mint(contract.key.forms[0] as { environment: string; kind: string }).credential
    const last = unknown.at(-1) === 'A' ? 'Q' : 'A'
    const presented = {
      unknown_key: unknown,
      malformed_credential: contract.key.checksum ? unknown.slice(0, -1) + last : unknown.slice(0, -1),
      revoked_key: revoked.credential,
      suspended_key: suspended.credential,
      expired_key: expired.credential,
      retired_secret: retired.credential,
    }
    const answers = new Set<string>()
    for (const [reason, credential] of [
      ...Object.entries(presented),
      ['revoked_key', deleted.credential],
      ['unknown_key', gone.credential],
    ] as [string, string][]) {
      const attempt = { credential, path: '/v1/list/default', ip: '192.0.2.1' }
      for (const ask of [verifier.verify, verifier.authenticate]) {
        const outcome = (await ask(attempt)) as Denied
        expect(outcome.reason).toBe(reason)
        answers.add(
          JSON.stringify([verifier.refuse(outcome, { requestId: 'req_1' }), verifier.responseHeaders(outcome)]),
        )
      }
    }
    expect(answers.size).toBe(1)
  })
})

describe('a secret', () => {
  it.each(Object.entries(builtIn))('of %s is in one answer, and then nowhere', async (_, contract) => {
    const canaries: string[] = []
    const seen: unknown[] = []
    const { lifecycle, verifier, store, make, clock, source } = await startIn(contract)
    function keep<T extends { credential: string }>({ credential, ...rest }: T): T {
      canaries.push(credential)
      seen.push(rest)
      return { credential, ...rest } as T
    }
    async function failing(what: Promise<unknown>): Promise<void> {
      const error = (await what.then(
        () => new Error('It was not refused.'),
        (thrown) => thrown,
      )) as Error
      expect(error.message).not.toBe('It was not refused.')
      seen.push({ ...error, message: error.message, stack: error.stack, text: String(error) })
    }
    const see = async (outcome: Outcome | Promise<Outcome>) => {
      const settled = await outcome
      seen.push(settled, verifier.responseHeaders(settled))
      if (settled.principal) seen.push(verifier.identityHeaders(settled.principal))
      if (!settled.allowed) seen.push(verifier.refuse(settled, { requestId: 'req_1' }))
    }

    const first = keep(await make('one'))
    const { id } = first.key
    const most = contract.rotation.maxGraceSeconds
    const second = keep(await rotate(lifecycle, testActor, id, { graceSeconds: Math.min(60, most) }))
    if (most > 0) seen.push(await changeGrace(lifecycle, testActor, id, 1, 1))
    keep(await reissue(lifecycle, testActor, id, 2))
    seen.push(await suspend(lifecycle, testActor, id), await resume(lifecycle, testActor, id))
    seen.push(await update(lifecycle, testActor, id, { name: 'b', allowedIps: ['192.0.2.1'], metadata: { a: 1 } }))
    const { credential } = lifecycle.format.mint(contract.key.forms[0] as { environment: string; kind: string })
    canaries.push(credential)
    const foreign = { ...first.key, organization: 'two', project: null, secret: { credential } }
    await failing(importKey(lifecycle, testActor, { ...foreign, organization: 'nobody' }))
    const spoiled = `${credential.slice(0, -1)}!`
    canaries.push(spoiled)
    await failing(importKey(lifecycle, testActor, { ...foreign, secret: { credential: spoiled } }))
    await failing(importKey(lifecycle, testActor, { ...foreign, secret: { algorithm: 'sha256', digest: credential } }))

    for (const presented of [
      ...canaries,
      ` ${credential}`,
      `${credential}${credential}`,
      `${credential}, ${credential}`,
    ]) {
      for (const attempt of [
        { credential: presented },
        { headers: ['Authorization', `Bearer ${presented}`], ip: '192.0.2.1' },
        { headers: ['X-Api-Key', presented], ip: '192.0.2.1', path: '/v1/list/default', method: 'GET' },
        { headers: ['Authorization', `Bearer ${presented}`, 'Authorization', presented] },
        { headers: [], query: `api_key=${presented}` },
      ]) {
        await see(verifier.verify(attempt))
        await see(verifier.authenticate(attempt))
      }
    }
    source.fail('The database is away.')
    const fresh = lifecycle.format.mint(contract.key.forms[0] as { environment: string; kind: string }).credential
    canaries.push(fresh)
    await failing((async () => verifier.verify({ credential: fresh }))())
    source.fail(null)

    await updateOrganization(lifecycle, testActor, 'one', { state: 'suspended' })
    await see(verifier.verify({ credential: second.credential }))
    clock.advance(60_000)
    seen.push(await revoke(lifecycle, testActor, id, { reason: 'leaked' }))
    seen.push(await store.keys({ limit: 100 }), await store.found(id), await store.key(id))
    seen.push(await remove(lifecycle, testActor, id))
    seen.push(await deleteOrganization(lifecycle, testActor, 'one'), await store.changes(0, 1000), await store.head())

    const everything = JSON.stringify(seen)
    expect(everything.length).toBeGreaterThan(10_000)
    const digester = createDigester()
    const log = JSON.stringify(await store.changes(0, 1000))
    for (const canary of canaries) {
      expect(everything.includes(canary)).toBe(false)
      expect(log.includes(digester.digest(canary))).toBe(false)
    }
    for (const canary of canaries.filter((one) => lifecycle.format.parse(one) >= 0)) {
      // What may be shown is the hint: the public id where there is one, else the last four characters.
      const hint = lifecycle.format.hint(canary)
      const secret = canary.slice(hint.includes('…') ? hint.indexOf('…') : hint.length)
      expect([secret.slice(0, 8), secret.slice(-8)].filter((part) => everything.includes(part))).toEqual([])
    }
  })
})
