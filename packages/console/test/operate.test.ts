import { describe, expect, it } from 'vitest'
import { faults } from './browser.ts'
import { call, createKey } from './steps.ts'
import { hasNone, minute, stage } from './story.ts'

describe('Operate: Settings > API Keys', { timeout: 3 * minute }, () => {
  const set = stage('operate')
  const list = (key: string) => call(`${set.server.edge}/companies/list`, { 'x-api-key': key })

  it('clicks Create API Key, copies the key, and is scoped to the organization without naming it', async () => {
    const { page } = set.ann
    const settings = page.getByRole('navigation', { name: 'Console' }).locator('div', { hasText: 'Settings' }).first()
    await settings.getByRole('link', { name: 'API keys' }).click()
    await page.getByRole('button', { name: 'Create API key' }).first().click()
    await page.getByLabel('Name', { exact: true }).fill('Backend')
    expect(await faults(page, 'operate-create-key')).toEqual([])
    await page.getByRole('dialog').getByRole('button', { name: 'Create API key' }).click()
    await page.getByRole('button', { name: 'Copy key' }).click()
    await page.getByText('Copied').waitFor()
    const key = (await page.evaluate('navigator.clipboard.readText()')) as string
    expect(key).toMatch(/^sk_live_/)
    expect(await page.getByRole('tabpanel').innerText()).toContain(`x-api-key: ${key}`)
    await page.getByLabel('I have stored this key').check()
    await page.getByRole('button', { name: 'Done' }).click()

    expect((await list(key)).status).toBe(200)
    expect(set.upstream.lastHeader('x-organization-id')).toEqual(['acme'])
    const bearer = await call(`${set.server.edge}/companies/list`, { authorization: `Bearer ${key}` })
    expect(bearer).toMatchObject({ status: 400, json: { error: { message: 'Missing API Key' } } })
  })

  it('generates new keys and revokes old ones, several at a time, counting them first', async () => {
    const { page } = set.ann
    const old = [await createKey(page, 'Old 1'), await createKey(page, 'Old 2')]
    const next = await createKey(page, 'New')
    await page.getByRole('checkbox', { name: 'Choose Old 1' }).check()
    await page.getByRole('checkbox', { name: 'Choose Old 2' }).check()
    await page.getByText('2 keys chosen').waitFor()
    await page.getByRole('button', { name: 'Revoke 2' }).click()
    await page.getByText('2 keys would be revoked').waitFor()
    expect(await faults(page, 'operate-bulk-revoke')).toEqual([])
    expect((await Promise.all(old.map(list))).map(({ status }) => status)).toEqual([200, 200])
    await page.getByLabel('Reason').fill('Replaced')
    await page.getByRole('button', { name: 'Revoke 2 keys' }).click()
    await page.getByText('No node accepts it any more.').waitFor()
    await page.getByRole('button', { name: 'Done' }).click()
    expect((await Promise.all([...old, next].map(list))).map(({ status }) => status)).toEqual([401, 401, 200])
    await page.getByRole('row', { name: /Old 1.*Revoked/ }).waitFor()
    expect(await page.getByText('keys chosen').count()).toBe(0)
  })

  it('refuses an expired key as an invalid one, and names the state in the list', async () => {
    const { page } = set.ann
    const { credential } = await set.server.issue({ name: 'Short', expiresAt: new Date(Date.now() + 1_500) })
    await new Promise((resolve) => setTimeout(resolve, 1_600))
    expect(await list(credential)).toMatchObject({ status: 401, json: { error: { message: 'Invalid API Key' } } })
    await page.reload()
    await page.getByRole('row', { name: /Short.*Expired/ }).waitFor()
  })

  hasNone(set, /namespace|\bproject|permissions|tenant|\bplan\b/i, [
    'acme/members',
    'acme/hygiene',
    'acme/audit',
    'acme/authentication',
    'acme/keys',
    'acme/limits',
    'acme/usage',
  ])
})
