import { describe, expect, it } from 'vitest'
import { copyKey } from '../../server/test/support/copy-key.ts'
import { faults } from './browser.ts'
import { dayMs, keyIds, recordUses } from './recorded.ts'
import { minute, stage } from './story.ts'

const sandboxes = '/v1/sandboxes/**'
const templates = '/v1/templates/**'

/** On each of 90 days. The first key was used last. */
function daily(keys: readonly string[], route: string, nowMs: number) {
  return keys.flatMap((key, i) =>
    Array.from({ length: 90 }, (_, day) => ({ key, route, atMs: nowMs - i * 1000 - day * dayMs })),
  )
}

describe('hygiene of more than fits on a page', { timeout: 3 * minute }, () => {
  const set = stage('hopx')
  const takeAway = (name: string) => set.ann.page.getByRole('button', { name: `Take away 2: ${name}`, exact: true })

  it('comes to an idle key behind hundreds that were never used', async () => {
    const { page } = set.ann
    await copyKey(set.server, 250)
    const [first = ''] = keyIds(set.server)
    recordUses(set.server, [{ key: first, route: sandboxes, atMs: Date.now() - 100 * dayMs }])
    await page.goto(`${set.server.control}/acme/hygiene`)
    await page.getByText('Idle for 90 days (1)').waitFor()
    await page.getByRole('button', { name: 'Revoke: The first' }).waitFor()
  })

  it('takes no permission away that a key of many has used since yesterday', async () => {
    const { page } = set.ann
    const nowMs = Date.now()
    const fleet = keyIds(set.server).slice(1, 61)
    const [latest = ''] = fleet
    recordUses(set.server, daily(fleet, sandboxes, nowMs - 2 * minute))
    recordUses(set.server, [{ key: latest, route: templates, atMs: nowMs - minute }])
    await page.reload()
    await takeAway('Fleet 000001').waitFor()
    expect(await takeAway('Fleet 000000').count()).toBe(0)
    await page.getByText('compared with the use of 50 keys of those used last').waitFor()
  })

  it('leaves out whose use is too much to read, and says that it does', async () => {
    const { page } = set.ann
    const nowMs = Date.now()
    const busy = keyIds(set.server).slice(1, 11)
    for (const route of ['/a/**', '/b/**', '/c/**', '/d/**', '/e/**']) {
      recordUses(set.server, daily(busy, route, nowMs - minute))
    }
    await page.reload()
    await page.getByText('compared with the use of 40 keys of those used last').waitFor()
    expect(await takeAway('Fleet 000001').count()).toBe(0)
    await takeAway('Fleet 000011').waitFor()
    expect(await faults(page, 'hygiene-of-many')).toEqual([])
  })

  it('takes no permission away from a key whose routes were not told', async () => {
    const { page } = set.ann
    const [, , , , , , , , , , , , other = ''] = keyIds(set.server)
    await takeAway('Fleet 000011').waitFor()
    recordUses(set.server, [{ key: other, route: '', atMs: Date.now() }])
    await page.reload()
    await takeAway('Fleet 000012').waitFor()
    expect(await takeAway('Fleet 000011').count()).toBe(0)
  })
})
