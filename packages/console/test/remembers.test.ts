import { describe, expect, it } from 'vitest'
import { minute, stage } from './story.ts'

describe('what the list of keys remembers', { timeout: 2 * minute }, () => {
  const set = stage('hopx')

  it('belongs to one organization: nothing chosen in one is revoked in the next', async () => {
    const { page } = set.ann
    await set.server.issue({ name: 'Ours' })
    const { key } = await set.server.issueElsewhere({ name: 'Theirs' })
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByLabel('Search by name, hint or id').fill('our')
    await page.getByRole('checkbox', { name: 'Choose Ours' }).check()
    await page.getByText('1 key chosen').waitFor()
    await page.getByRole('button', { name: 'Switch organization' }).click()
    await page.getByRole('menuitem', { name: key.organization }).click()
    await page.getByRole('link', { name: 'Theirs' }).waitFor()
    expect(await page.getByText('1 key chosen').count()).toBe(0)
    expect(await page.getByLabel('Search by name, hint or id').inputValue()).toBe('')
  })

  it('leads back from a page whose last key has gone', async () => {
    const { page } = set.ann
    for (let i = 0; i < 50; i++) await set.server.issue({ name: `One of many ${i}` })
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByLabel('State').selectOption('Active')
    await page.getByText('50 keys · page 1').waitFor()
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByRole('checkbox', { name: 'Choose Ours' }).check()
    await page.getByRole('button', { name: 'Revoke 1' }).click()
    await page.getByRole('button', { name: 'Revoke 1 key' }).click()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('link', { name: 'One of many 49' }).waitFor()
    await page.getByText('50 keys', { exact: true }).waitFor()
    expect(set.ann.complaints).toEqual([])
  })
})
