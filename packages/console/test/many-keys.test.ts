import type { Browser } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copyKey } from '../../server/test/support/copy-key.ts'
import { startServer, type TestServer } from '../../server/test/support/start-server.ts'
import { becomeOperator, startBrowser, type Visitor, visit } from './browser.ts'

const minute = 60_000

describe('100,000 keys in one organization', { timeout: 3 * minute }, () => {
  let browser: Browser
  let server: TestServer
  let ann: Visitor

  beforeAll(async () => {
    browser = await startBrowser()
    server = await startServer({ contract: 'operate' })
    await copyKey(server, 100_000)
    ann = await visit(browser)
    await becomeOperator(ann, server)
  }, 2 * minute)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })

  it('are searched, sorted and paged by the server, and no more than a page of them is in the browser', async () => {
    const { page } = ann
    await page.goto(`${server.control}/acme/keys`)
    await page.getByRole('link', { name: 'Fleet 099999' }).waitFor()
    await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click()
    await page.getByRole('link', { name: 'Fleet 000000' }).waitFor()
    for (let at = 1; at <= 2; at++) {
      await page.getByRole('button', { name: 'Next' }).click()
      await page.getByText(`page ${at + 1}`).waitFor()
      await page.getByRole('link', { name: `Fleet ${String(at * 50).padStart(6, '0')}` }).waitFor()
    }
    expect(await page.getByRole('link', { name: /^Fleet/ }).count()).toBe(50)
    // The server looks through 20,000 at a time, of which 38 match.
    await page.getByLabel('Search by name, hint or id').fill('888')
    await page.getByRole('link', { name: 'Fleet 000888' }).waitFor()
    expect(await page.getByRole('link', { name: /^Fleet/ }).count()).toBe(50)
    await page.getByLabel('Search by name, hint or id').fill('fleet 04242')
    await page.getByRole('link', { name: 'Fleet 042420' }).waitFor()
    await page.getByText('10 keys').waitFor()
    await page.getByLabel('State').selectOption('Expired')
    await page.getByText('No key matches').waitFor()
  })

  it('are revoked by the page, with their number said first', async () => {
    const { page } = ann
    await page.goto(`${server.control}/acme/keys`)
    await page.getByRole('link', { name: 'Fleet 099999' }).waitFor()
    await page.getByRole('checkbox', { name: 'Choose all on this page' }).check()
    await page.getByRole('button', { name: 'Revoke 50' }).click()
    await page.getByText('50 keys would be revoked').waitFor()
    await page.getByRole('button', { name: 'Revoke 50 keys' }).click()
    await page.getByText('No node accepts it any more.').waitFor()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByLabel('State').selectOption('Revoked')
    await page.getByText('50 keys').waitFor()
  })
})
