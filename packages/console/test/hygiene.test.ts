import { describe, expect, it } from 'vitest'
import { faults } from './browser.ts'
import { minute, stage } from './story.ts'

const dayMs = 86_400_000

describe('hygiene in the console', { timeout: 2 * minute }, () => {
  const set = stage('operate')

  it('says of no key that it is well where there is none', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/acme/hygiene`)
    await page.getByText('Nothing to mend: there are no active keys.').waitFor()
  })

  it('has nothing to say about a key that is in use and expires', async () => {
    const { page } = set.ann
    const { credential } = await set.server.issue({ name: 'Good', expiresAt: new Date(Date.now() + 365 * dayMs) })
    const response = await fetch(`${set.server.edge}/companies/list`, { headers: { 'x-api-key': credential } })
    await response.text()
    await page.goto(`${set.server.control}/acme/hygiene`)
    await page.getByText('Nothing to mend').waitFor()
  })

  it('gives a key that never expires 90 days, with one click', async () => {
    const { page } = set.ann
    const { key } = await set.server.issue({ name: 'Forever' })
    await page.reload()
    await page.getByText('No expiry (1)').waitFor()
    await page.getByRole('button', { name: 'Expire in 90 days: Forever' }).click()
    await page.getByText('Nothing to mend').waitFor()
    const changed = await set.server.lifecycle.store.key(key.id)
    const days = ((changed?.expiresAt?.getTime() ?? 0) - Date.now()) / dayMs
    expect(Math.round(days)).toBe(90)
  })

  it('names what was never used and what lies idle, and revokes it', async () => {
    const { page } = set.ann
    await set.server.issue({ name: 'Forgotten', expiresAt: new Date(Date.now() + 365 * dayMs) })
    // The server counts last uses in the time it has; the reader looks a hundred days later.
    await page.clock.setSystemTime(Date.now() + 100 * dayMs)
    await page.reload()
    await page.getByText('Idle for 90 days (1)').waitFor({ timeout: 30_000 })
    await page.getByRole('button', { name: 'Revoke: Good' }).waitFor()
    await page.getByText('Never used (2)').waitFor()
    expect(await faults(page, 'hygiene')).toEqual([])
    await page.getByRole('button', { name: 'Revoke: Forgotten' }).click()
    await page.getByText('It was never used.').waitFor()
    await page.getByRole('button', { name: 'Revoke for good' }).click()
    await page.getByText('No node accepts it any more.').waitFor()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByText('Never used (1)').waitFor()
  })
})
