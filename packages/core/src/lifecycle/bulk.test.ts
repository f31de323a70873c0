import { expect, it } from 'vitest'
import { parseContract } from '../contract/parse.ts'
import { inMemory, testActor } from '../testing/in-memory.ts'
import { reissueMany, revokeMany } from './bulk.ts'
import { issue } from './issue.ts'

const contract = parseContract({ name: 'acme', key: { forms: [{ prefix: 'ak_' }] } })

it('many keys are answered in the order asked for, whatever their ids', async () => {
  const { lifecycle, organization } = inMemory({ contract })
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
  expect(answersOf(await revokeMany(lifecycle, testActor, once))).toEqual(told)
})
