import { describe, expect, it } from 'vitest'
import { faults, visit } from './browser.ts'
import { call, goesBackInVain, holdBack, inviteLink, takeKey } from './steps.ts'
import { hasNone, minute, stage } from './story.ts'

describe('HolonomiX: tenants in the console', { timeout: 3 * minute }, () => {
  const set = stage('holonomix')
  const get = (namespace: string, key: string) =>
    call(`${set.server.edge}/v1/get/${namespace}/my-key`, { 'X-Api-Key': key })
  let key = ''

  async function manage(what: string) {
    await set.ann.page.getByRole('button', { name: 'Manage Acme Corp' }).click()
    await set.ann.page.getByRole('menuitem', { name: what }).click()
    await set.ann.page.getByRole('dialog').waitFor()
  }

  it('onboards a tenant on its plan, with its namespaces, and shows its key once', async () => {
    const { page } = set.ann
    await page.getByRole('link', { name: 'Tenants' }).click()
    await page.getByRole('button', { name: 'Create tenant' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: true }).fill('Acme Corp')
    await dialog.getByLabel('Id').fill('acme-corp')
    await dialog.getByLabel('Plan').selectOption({ label: 'Builder' })
    await dialog.getByLabel('Namespaces').fill('default')
    const letGo = await holdBack(page, ({ pathname }) => pathname === '/v1/keys')
    await dialog.getByRole('button', { name: 'Create tenant' }).click()
    await dialog.locator('[aria-busy]').waitFor()
    await goesBackInVain(page)
    letGo()
    key = await takeKey(page)
    await page.unrouteAll()
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
    await manage('Edit')
    expect(await faults(page, 'holonomix-edit')).toEqual([])
    await page.getByLabel('Namespaces').fill('staging')
    await page.getByText('No key reaches default any more').waitFor()
    await page.getByLabel('Namespaces').fill('default, staging')
    expect(await page.getByRole('note').count()).toBe(0)
    await page.getByRole('button', { name: 'Save changes' }).click()
    await page.getByRole('row', { name: /default, staging/ }).waitFor()
    expect((await get('staging', key)).status).toBe(200)
  })

  it('changes the plan, which the limit headers tell at once', async () => {
    const { page } = set.ann
    await manage('Edit')
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
    await manage('Suspend')
    await page.getByText('Its active keys (1) are refused at once, and everywhere').waitFor()
    expect(await faults(page, 'holonomix-suspend')).toEqual([])
    await page.getByRole('dialog').getByRole('button', { name: 'Suspend' }).click()
    await page.getByRole('row', { name: /Acme Corp.*Suspended/ }).waitFor()
    expect((await get('default', key)).status).toBe(401)
    await page.getByRole('link', { name: 'Acme Corp' }).click()
    await page.getByText('This tenant is suspended').waitFor()
    expect(await faults(page, 'holonomix-suspended')).toEqual([])
    await page.getByRole('link', { name: 'Tenants' }).click()
    await manage('Resume')
    await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('row', { name: /Acme Corp.*Active/ }).waitFor()
    expect((await get('default', key)).status).toBe(200)
  })

  hasNone(set, /\bproject|permissions|\borganizations?\b/i, [
    'acme-corp/keys',
    'acme-corp/members',
    'acme-corp/limits',
    'acme-corp/usage',
    'acme-corp/hygiene',
    'acme-corp/audit',
    'acme-corp/authentication',
    'instance/organizations',
    'nowhere-at-all',
  ])

  it('calls it a tenant to whom it invites, and to who signs in', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/acme-corp/members`)
    await page.getByText('Invite the person who owns this tenant.').waitFor()
    const link = await inviteLink(set.ann, { email: 'bob@example.com', role: 'Owner' })
    const { page: theirs, context } = await visit(set.browser)
    await theirs.goto(link)
    await theirs.getByRole('heading', { name: 'Join your tenant' }).waitFor()
    await theirs.getByText('You join Acme Corp as an owner.').waitFor()
    expect(await faults(theirs, 'holonomix-join')).toEqual([])
    await theirs.goto(`${set.server.control}/sign-in`)
    await theirs.getByText('Manage the API keys of your tenants.').waitFor()
    await context.close()
  })

  it('deletes a tenant for who types its name, counting first what goes with it', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/instance/organizations`)
    await manage('Delete')
    await page.getByText('1 key would be revoked').waitFor()
    await page.getByText('0 memberships would go with it').waitFor()
    expect(await page.getByRole('dialog').innerText()).not.toMatch(/project/)
    const submit = page.getByRole('button', { name: 'Delete the tenant for good' })
    expect(await submit.isDisabled()).toBe(true)
    await page.getByLabel('To delete it, type Acme Corp').fill('acme corp')
    expect(await submit.isDisabled()).toBe(true)
    expect((await get('default', key)).status).toBe(200)
    await page.getByLabel('To delete it, type Acme Corp').fill('Acme Corp')
    expect(await faults(page, 'holonomix-delete')).toEqual([])
    await submit.click()
    await page.getByText('No node accepts it any more.').waitFor()
    expect((await get('default', key)).status).toBe(401)
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('row', { name: /Acme Corp/ }).waitFor({ state: 'detached' })
  })
})
