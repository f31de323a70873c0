import { createOrganization } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { controlApi } from '../../server/test/support/control-api.ts'
import { tester } from '../../server/test/support/start-server.ts'
import { faults } from './browser.ts'
import { minute, stage } from './story.ts'

describe('plans in the console', { timeout: 2 * minute }, () => {
  const set = stage('holonomix')

  it.each([null, 'legacy', 'constructor'])('take the first where a tenant has %s, as the server does', async (plan) => {
    const { page } = set.ann
    const { lifecycle, control } = set.server
    const id = `before-${plan}`
    const plans = plan === null ? {} : { [plan]: { limits: [], monthlyQuota: null } }
    const before = { ...lifecycle, contract: { ...lifecycle.contract, plans } }
    await createOrganization(before, tester, { id, name: id })
    const { key } = await set.server.issue({ organization: id, name: 'Old' })
    const [first] = Object.entries(lifecycle.contract.plans)
    const usual = '10 requests in 1 minute per tenant'
    expect([first?.[0], first?.[1].monthlyQuota]).toEqual(['starter', 1000])
    await page.goto(`${control}/${id}/keys/${key.id}`)
    await page.getByText(usual, { exact: true }).waitFor()
    await page.goto(`${control}/${id}/limits`)
    const holds = page.locator('section').filter({ has: page.getByRole('heading', { name: 'What holds' }) })
    await holds.getByText('1,000 requests').waitFor()
    expect(await holds.innerText()).toMatch(/Plan\s+Starter\s+Requests\s+10 requests in 1 minute per tenant/)
    await page
      .getByRole('row', { name: /Starter/ })
      .getByText('This one')
      .waitFor()
    await page.getByText(/ of 1,000$/).waitFor()
    await page.goto(`${control}/instance/organizations`)
    await page.getByLabel('Search by name or id').fill(id)
    await page.getByRole('row', { name: id }).getByRole('cell', { name: 'Starter', exact: true }).waitFor()
  })

  it('tell of the month what its requests cost, as the quota counts them', async () => {
    const { page } = set.ann
    const { control, lifecycle } = set.server
    await createOrganization(lifecycle, tester, { id: 'costly', name: 'Costly' })
    const { credential } = await set.server.issue({ organization: 'costly', name: 'Bulk', limits: [] })
    await controlApi(control)('POST', '/v1/verify', { body: { credential, cost: 700 } })
    await page.goto(`${control}/costly/limits`)
    await page.getByText('700 of 1,000', { exact: true }).waitFor()
  })

  it('show a quota of nothing as one, and not as none', async () => {
    const { page } = set.ann
    const { control } = set.server
    await controlApi(control)('PATCH', '/v1/organizations/acme', { body: { monthlyQuota: 0 } })
    await page.goto(`${control}/acme/limits`)
    await page.getByText('Used of this month’s quota').waitFor()
    await page.getByText('0 requests', { exact: true }).waitFor()
    expect(await faults(page, 'limits-of-plan')).toEqual([])
  })
})
