import { describe, expect, it } from 'vitest'
import { faults } from './browser.ts'
import { call, takeKey } from './steps.ts'
import { hasNone, minute, stage } from './story.ts'

describe('HolonomiX: tenants in the console', { timeout: 3 * minute }, () => {
  const set = stage('holonomix')
  const get = (namespace: string, key: string) =>
    call(`${set.server.edge}/v1/get/${namespace}/my-key`, { 'X-Api-Key': key })
  let key = ''

  it('onboards a tenant on its plan, with its namespaces, and shows its key once', async () => {
    const { page } = set.ann
    await page.getByRole('link', { name: 'Tenants' }).click()
    await page.getByRole('button', { name: 'Create tenant' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: true }).fill('Acme Corp')
    await dialog.getByLabel('Id').fill('acme-corp')
    await dialog.getByLabel('Plan').selectOption({ label: 'Builder' })
    await dialog.getByLabel('Namespaces').fill('default')
    await dialog.getByRole('button', { name: 'Create tenant' }).click()
    key = await takeKey(page)
    expect(key).toMatch(/^hx_live_/)
    expect(await page.content()).not.toContain(key)
    expect(await page.getByRole('row', { name: /acme-corp/ }).innerText()).toMatch(/Builder/)
    expect((await get('default', key)).status).toBe(200)
    expect(set.upstream.lastHeader('x-hx-tenant')).toEqual(['acme-corp'])
    expect(await faults(page, 'holonomix-tenants')).toEqual([])
  })

  it('adds a namespace, which opens what was refused by name before', async () => {
    const { page } = set.ann
    expect(await get('staging', key)).toMatchObject({
      status: 403,
      json: { detail: "Namespace 'staging' not permitted for tenant 'acme-corp'" },
    })
    await page.getByRole('button', { name: 'Edit Acme Corp' }).click()
    await page.getByLabel('Namespaces').fill('default, staging')
    await page.getByRole('button', { name: 'Save changes' }).click()
    await page.getByRole('row', { name: /default, staging/ }).waitFor()
    expect((await get('staging', key)).status).toBe(200)
  })

  it('changes the plan, which the limit headers tell at once', async () => {
    const { page } = set.ann
    await page.getByRole('button', { name: 'Edit Acme Corp' }).click()
    await page.getByLabel('Plan').selectOption({ label: 'Pro' })
    await page.getByText('1,000 requests in 1 minute per tenant; 500,000 in a month.').waitFor()
    await page.getByRole('button', { name: 'Save changes' }).click()
    await page.getByRole('row', { name: /Acme Corp.*Pro/ }).waitFor()
    expect((await get('default', key)).headers.get('x-ratelimit-limit')).toBe('1000')
  })

  it('rotates a lost key: there is one for each tenant, and the old one is invalid at once', async () => {
    const { page } = set.ann
    await page.getByRole('link', { name: 'Acme Corp' }).click()
    await page.getByRole('link', { name: 'default' }).click()
    expect(await page.getByRole('button', { name: 'Create API key' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Rotate' }).click()
    await page.getByText('The old secret ends at once.').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
    const next = await takeKey(page)
    expect([(await get('default', key)).status, (await get('default', next)).status]).toEqual([401, 200])
    key = next
  })

  it('shows how much of the month and of the plan is used', async () => {
    const { page } = set.ann
    await page.getByRole('link', { name: 'Limits' }).click()
    await page.getByText('Used of this month’s quota').waitFor()
    expect(await faults(page, 'holonomix-limits')).toEqual([])
  })

  it('suspends a tenant, counting its keys first, and resumes it', async () => {
    const { page } = set.ann
    await page.getByRole('link', { name: 'Tenants' }).click()
    await page.getByRole('button', { name: 'Suspend Acme Corp' }).click()
    await page.getByText('Its active keys (1) are refused at once').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Suspend' }).click()
    await page.getByRole('button', { name: 'Resume Acme Corp' }).waitFor()
    expect((await get('default', key)).status).toBe(401)
    await page.getByRole('button', { name: 'Resume Acme Corp' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Suspend Acme Corp' }).waitFor()
    expect((await get('default', key)).status).toBe(200)
  })

  hasNone(set, /\bproject|permissions|\borganizations?\b/i, [
    'acme-corp/keys',
    'acme-corp/limits',
    'instance/organizations',
  ])
})
