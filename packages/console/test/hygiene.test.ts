import type { Browser } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../../server/test/support/start-server.ts'
import { becomeOperator, faults, startBrowser, type Visitor, visit } from './browser.ts'

const minute = 60_000
const dayMs = 86_400_000

describe('hygiene in the console', { timeout: 2 * minute }, () => {
  let browser: Browser
  let server: TestServer
  let ann: Visitor

  beforeAll(async () => {
    browser = await startBrowser()
    server = await startServer({ contract: 'operate' })
    ann = await visit(browser)
    await becomeOperator(ann, server)
  }, minute)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })

  it('has nothing to say about a key that is in use and expires', async () => {
    const { page } = ann
    const { credential } = await server.issue({ name: 'Good', expiresAt: new Date(Date.now() + 365 * dayMs) })
    const response = await fetch(`${server.edge}/companies/list`, { headers: { 'x-api-key': credential } })
    await response.text()
    await page.goto(`${server.control}/acme/hygiene`)
    await page.getByText('Nothing to mend').waitFor()
  })

  it('gives a key that never expires 90 days, with one click', async () => {
    const { page } = ann
    const { key } = await server.issue({ name: 'Forever' })
    await page.reload()
    await page.getByText('No expiry (1)').waitFor()
    await page.getByRole('button', { name: 'Expire in 90 days: Forever' }).click()
    await page.getByText('Nothing to mend').waitFor()
    const changed = await server.lifecycle.store.key(key.id)
    const days = ((changed?.expiresAt?.getTime() ?? 0) - Date.now()) / dayMs
    expect(Math.round(days)).toBe(90)
  })

  it('names what was never used and what lies idle, and revokes it', async () => {
    const { page } = ann
    await server.issue({ name: 'Forgotten', expiresAt: new Date(Date.now() + 365 * dayMs) })
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
