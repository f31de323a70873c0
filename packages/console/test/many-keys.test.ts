import { hash } from 'node:crypto'
import { join } from 'node:path'
import { newId, searchTextOf, sortNameOf } from '@keywright/core'
import type { Browser } from '@playwright/test'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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

/** So many more like one that was issued, straight into the database: what is tried is how they are read. */
async function copyKey({ folder, issue }: TestServer, count: number): Promise<void> {
  const { key } = await issue({ name: 'The first' })
  const client = new BetterSqlite3(join(folder, 'data', 'keywright.db'))
  const sample = client.prepare('select * from kw_keys where id = ?').get(key.id) as Record<string, unknown>
  const names = Object.keys(sample)
  const into = client.prepare(
    `insert into kw_keys (${names.join(',')}) values (${names.map((name) => `@${name}`).join(',')})`,
  )
  const digests = client.prepare('insert into kw_digests (digest, "key") values (?, ?)')
  const start = key.createdAt.getTime() + 1
  client.transaction(() => {
    for (let i = 0; i < count; i++) {
      const id = newId('key', start + i)
      const name = `Fleet ${String(i).padStart(6, '0')}`
      const hint = `sk_live_…${i.toString(36).padStart(4, '0')}`
      const versions = key.versions.map((version) => ({ ...version, digest: hash('sha256', id), hint }))
      const derived = { sort_name: sortNameOf({ name }), search: searchTextOf({ id, name, versions }) }
      into.run({ ...sample, id, name, hint, versions: JSON.stringify(versions), created_at: start + i, ...derived })
      digests.run(hash('sha256', id), id)
    }
  })()
  client.close()
}
