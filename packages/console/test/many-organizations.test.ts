import { beforeAll, describe, expect, it } from 'vitest'
import { controlApi } from '../../server/test/support/control-api.ts'
import { faults } from './browser.ts'
import { minute, stage } from './story.ts'

describe('an instance with more organizations than a page shows', { timeout: 2 * minute }, () => {
  const set = stage('keywright')

  beforeAll(async () => {
    const api = controlApi(set.server.control)
    for (let number = 1; number <= 60; number++) {
      const id = `customer-${String(number).padStart(2, '0')}`
      await api('POST', '/v1/organizations', { body: { id, name: `Customer ${number}` } })
    }
  }, minute)

  it('shows them by the page, and finds one by a part of its name', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/instance/organizations`)
    await page.getByRole('link', { name: 'Customer 1', exact: true }).waitFor()
    expect(await page.getByRole('link', { name: /^Customer/ }).count()).toBe(50 - 1)
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByText('page 2').waitFor()
    await page.getByRole('link', { name: 'Customer 60' }).waitFor()
    await page.getByLabel('Search by name or id').fill('TOMER 57')
    await page.getByText('1 organization', { exact: true }).waitFor()
    expect(await faults(page, 'many-organizations')).toEqual([])
    await page.getByRole('link', { name: 'Customer 57' }).click()
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    await page.getByRole('button', { name: 'Customer 57' }).waitFor()
  })

  it('says so where none matches', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/instance/organizations`)
    await page.getByLabel('Search by name or id').fill('nobody')
    await page.getByText('No organization matches').waitFor()
  })

  it('leads from the switcher to those that it does not show', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/customer-60/members`)
    await page.getByRole('button', { name: 'Customer 60' }).click()
    await page.getByRole('menuitem', { name: 'Find others' }).click()
    await page.getByRole('heading', { level: 1, name: 'Organizations' }).waitFor()
  })

  it('makes a service key for one of them', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/instance/service-keys`)
    await page.getByRole('button', { name: 'Create service key' }).first().click()
    await page.getByLabel('Name').fill('Far away')
    await page.getByLabel('For').fill('customer-58')
    await page.locator('datalist option[value="customer-58"]').waitFor({ state: 'attached' })
    await page.getByRole('dialog').getByRole('button', { name: 'Create service key' }).click()
    await page.getByLabel('I have stored this key').check()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByText('customer-58').filter({ visible: true }).first().waitFor()
  })

  it('shows nothing of an organization that does not exist', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/customer-99/keys`)
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
  })
})
