import { describe, expect, it } from 'vitest'
import { faults } from './browser.ts'
import { call, createKey } from './steps.ts'
import { hasNone, minute, stage } from './story.ts'

describe('HopX: the API Keys section of the dashboard', { timeout: 3 * minute }, () => {
  const set = stage('hopx')
  const ask = (key: string, method = 'GET') =>
    call(`${set.server.edge}/v1/sandboxes`, { authorization: `Bearer ${key}`, 'user-agent': 'agent/1.0' }, method)
  let reader = ''

  it('creates a key with the least it needs, shown once, and the public id in the list', async () => {
    const { page } = set.ann
    await page.getByRole('link', { name: 'API keys' }).click()
    reader = await createKey(page, 'Reader', async () => {
      await page.getByText('GET /v1/sandboxes/**').waitFor()
      await page.getByRole('checkbox', { name: /sandboxes:read/ }).check()
    })
    expect(reader).toMatch(/^hopx_live_[0-9A-Za-z]{12}\.[\w-]{43}$/)
    await page.getByRole('row', { name: reader.split('.')[0] ?? '' }).waitFor()
    const [read, write] = [await ask(reader), await ask(reader, 'POST')]
    expect([read.status, write.status]).toEqual([200, 403])
    expect(write.json).toMatchObject({ error: 'Forbidden', code: 'INSUFFICIENT_PERMISSIONS' })
  })

  it('shows each key’s use, and why it was refused', async () => {
    const { page } = set.ann
    await page.getByRole('link', { name: 'Reader' }).click()
    await page.getByText('Refused because: permission missing (1)').waitFor({ timeout: 30_000 })
    await page.getByRole('cell', { name: 'agent/1.0' }).first().waitFor()
    await page.getByRole('link', { name: 'Usage' }).click()
    await page.getByRole('heading', { name: 'Top routes' }).waitFor()
    await page.getByText('/v1/sandboxes/**').waitFor()
    await page.getByText('Busiest hour in 7 days, per key').waitFor()
    expect(await faults(page, 'hopx-usage')).toEqual([])
  })

  it('takes away with one click the permissions that are never used', async () => {
    const { page } = set.ann
    const { credential } = await set.server.issue({ name: 'Wide' })
    await ask(credential)
    await page.getByRole('link', { name: 'Hygiene' }).click()
    await page.getByText('Permissions never used (1)').waitFor({ timeout: 30_000 })
    await page.getByRole('button', { name: 'Take away 2: Wide' }).click()
    await page.getByText('Permissions never used (1)').waitFor({ state: 'detached' })
    const templates = await call(`${set.server.edge}/v1/templates`, { authorization: `Bearer ${credential}` })
    expect([(await ask(credential)).status, templates.status]).toEqual([200, 403])
  })

  it('revokes from the dashboard when unexpected activity is seen', async () => {
    const { page } = set.ann
    await page.getByRole('link', { name: 'API keys' }).click()
    await page.getByRole('link', { name: 'Reader' }).click()
    await page.getByRole('button', { name: 'Revoke' }).click()
    await page.getByRole('button', { name: 'Revoke for good' }).click()
    await page.getByText('No node accepts it any more.').waitFor()
    expect(await ask(reader)).toMatchObject({ status: 401, json: { code: 'AUTHENTICATION_REQUIRED' } })
    await page.getByRole('button', { name: 'Done' }).click()
  })

  hasNone(set, /namespace|\bproject|tenant|\bplan\b/i, [
    'acme/members',
    'acme/hygiene',
    'acme/audit',
    'acme/authentication',
    'acme/keys',
    'acme/limits',
    'acme/usage',
    'instance/organizations',
  ])
})
