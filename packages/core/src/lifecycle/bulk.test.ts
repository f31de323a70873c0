import { hash } from 'node:crypto'
import { expect, it } from 'vitest'
import { parseContract } from '../contract/parse.ts'
import { createDigester } from '../key/digest.ts'
import { inMemory, testActor } from '../testing/in-memory.ts'
import { importMany, reissueMany, revokeMany } from './bulk.ts'
import { issue } from './issue.ts'

const contract = parseContract({ name: 'acme', key: { forms: [{ prefix: 'ak_' }] } })

it('many keys are answered in the order asked for, whatever their ids', async () => {
  const { lifecycle, organization, store } = inMemory({ contract })
  await organization()
  const ids: string[] = []
  for (let i = 0; i < 250; i++) {
    const { key } = await issue(lifecycle, testActor, { organization: 'acme', name: `${i}` })
    ids.push(key.id)
  }
  const asked = [...ids.sort().reverse(), 'key_none', ids[0] ?? '']
  const places = asked.map((id, row) => ({ row, id, number: 1 }))
  const told = [...places.slice(0, 250).map(({ row, id }) => [row, id]), [250, 'not_found']]
  const answersOf = ({ rows }: Awaited<ReturnType<typeof revokeMany>>) =>
    rows.map((it) => [it.row, 'done' in it ? it.done.id : it.error.code])

  const { rows } = await reissueMany(lifecycle, testActor, places)
  const reissued = rows.map((it) => [it.row, 'done' in it ? it.done.key.id : it.error.code])
  expect(reissued).toEqual([...told, [251, 'conflict']])
  const once = places.slice(0, 251)
  expect(answersOf(await revokeMany(lifecycle, testActor, once, { dryRun: true }))).toEqual(told)
  const revoked = await revokeMany(lifecycle, testActor, once)
  expect(answersOf(revoked)).toEqual(told)
  expect(revoked.change?.number).toBe((await store.head()).number)
})

it('of a credential and its digest, taken over together, the first becomes a key, whatever the pepper', async () => {
  const { lifecycle, organization } = inMemory({ contract })
  await organization()
  const digester = createDigester([{ id: 'p1', value: 'p'.repeat(32) }])
  const { credential } = lifecycle.format.mint({ environment: 'live', kind: 'secret' })
  const digest = { algorithm: 'sha256', digest: hash('sha256', credential) } as const
  const inEitherOrder = [
    [{ credential }, digest],
    [digest, { credential }],
  ]
  for (const secrets of inEitherOrder) {
    const rows = secrets.map((secret, row) => ({ row, key: { organization: 'acme', name: 'a', secret } }))
    const { rows: told } = await importMany({ ...lifecycle, digester }, testActor, rows, { dryRun: true })
    expect(told).toMatchObject([{ done: { isNew: true } }, { error: { code: 'conflict', field: 'secret' } }])
  }
})
