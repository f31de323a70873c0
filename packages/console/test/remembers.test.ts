import { describe, expect, it } from 'vitest'
import { controlApi } from '../../server/test/support/control-api.ts'
import { inviteLink } from './steps.ts'
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

  it('is no page of another state or order', async () => {
    const { page } = set.ann
    await controlApi(set.server.control)('POST', '/v1/organizations', { body: { id: 'turned', name: 'Turned' } })
    for (let i = 0; i < 51; i++) await set.server.issue({ organization: 'turned', name: `No. ${i}` })
    await page.goto(`${set.server.control}/turned/keys`)
    for (const another of [
      () => page.getByLabel('State').selectOption('Active'),
      () => page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click(),
    ]) {
      await page.getByRole('button', { name: 'Next' }).click()
      await page.getByText('1 key · page 2').waitFor()
      await another()
      await page.getByText('50 keys · page 1').waitFor()
    }
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

  it('is there again on each way back from a key and after reloading, and no address says what was searched for', async () => {
    const { page } = set.ann
    await set.server.issue({ name: 'One of many 50' })
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByLabel('State').selectOption('Active')
    await page.getByLabel('Search by name, hint or id').fill('one of')
    await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click()
    await page.getByRole('link', { name: 'One of many 0' }).waitFor()
    await page.getByRole('button', { name: 'Next' }).click()
    const last = page.getByRole('link', { name: 'One of many 9' })
    const isAsItWas = async () => {
      await last.waitFor()
      await page.getByText('1 key · page 2').waitFor()
      expect(await page.getByLabel('State').inputValue()).toBe('active')
      expect(await page.getByLabel('Search by name, hint or id').inputValue()).toBe('one of')
      expect(new URL(page.url()).search).toBe('?state=active&order=name&direction=asc')
    }
    await isAsItWas()
    await last.click()
    await page.getByRole('heading', { level: 1, name: 'One of many 9' }).waitFor()
    await page.reload()
    await page.getByRole('link', { name: 'Skip to the content' }).press('Enter')
    expect(await page.locator(':focus').getAttribute('id')).toBe('content')
    await page.getByRole('link', { name: 'All API keys' }).click()
    await isAsItWas()
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'One of many 9' }).waitFor()
    await page.goBack()
    await isAsItWas()
    await page.reload()
    await isAsItWas()
    await page.goBack()
    await page.getByText('50 keys · page 1').waitFor()
    await page.getByLabel('Search by name, hint or id').fill('many 49')
    await page.getByText('1 key', { exact: true }).waitFor()
    expect(set.ann.complaints).toEqual([])
  })
})

describe('what other pages remember', { timeout: 2 * minute }, () => {
  const set = stage('hopx')

  it('is the filter of the audit log, with the key id that was typed in no address', async () => {
    const { page } = set.ann
    const { key } = await set.server.issue({ name: 'Traced' })
    await page.goto(`${set.server.control}/acme/audit`)
    await page.getByLabel('Action').selectOption('Created an API key')
    await page.getByLabel('From', { exact: true }).fill('2026-01-01')
    await page.getByLabel('Key id').fill(key.id)
    const isAsItWas = async () => {
      await page.getByText('Traced', { exact: true }).waitFor()
      expect(await page.getByLabel('Key id').inputValue()).toBe(key.id)
      expect(await page.getByLabel('Action').inputValue()).toBe('key.created')
      expect(new URL(page.url()).search).toBe('?action=key.created&from=2026-01-01')
    }
    await expect.poll(() => page.evaluate('JSON.stringify({ ...sessionStorage })')).toContain(key.id)
    await isAsItWas()
    await page.reload()
    await isAsItWas()
    await page.getByRole('link', { name: 'Members' }).click()
    await page.getByRole('heading', { level: 1, name: 'Members' }).waitFor()
    await page.goBack()
    await isAsItWas()
  })

  it('is no more than that: the browser neither has a searched key spelled elsewhere nor offers it again', async () => {
    const { page } = set.ann
    await set.server.issue({ name: 'Searched' })
    for (const [path, label] of [
      ['keys', 'Search by name, hint or id'],
      ['audit', 'Key id'],
    ] as const) {
      await page.goto(`${set.server.control}/acme/${path}`)
      const field = page.getByLabel(label)
      expect(await field.getAttribute('spellcheck')).toBe('false')
      expect(await field.getAttribute('autocomplete')).toBe('off')
    }
  })

  it('is the time over which use is shown', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/acme/usage`)
    await page.getByLabel('Time').selectOption('Last 30 days')
    await page.waitForURL('**/usage?hours=720')
    await page.reload()
    await page.getByRole('heading', { level: 1, name: 'Usage' }).waitFor()
    expect(await page.getByLabel('Time').locator('option:checked').innerText()).toBe('Last 30 days')
    await page.getByText('Days are UTC').or(page.getByText('No requests in this time')).waitFor()
  })

  it('is which organizations an operator looked for', async () => {
    const { page } = set.ann
    const { key } = await set.server.issueElsewhere()
    await page.goto(`${set.server.control}/instance/organizations`)
    await page.getByLabel('Search by name or id').fill(key.organization)
    await page.getByText('1 organization', { exact: true }).waitFor()
    await page.getByRole('link', { name: key.organization }).click()
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    await page.goBack()
    await page.getByText('1 organization', { exact: true }).waitFor()
    expect(await page.getByLabel('Search by name or id').inputValue()).toBe(key.organization)
    expect(set.ann.complaints).toEqual([])
  })

  it('is not for whoever signs in after one whose session has ended', async () => {
    const { page, context } = set.ann
    const search = page.getByLabel('Search by name, hint or id')
    await page.goto(`${set.server.control}/acme/members`)
    const link = await inviteLink(set.ann, { email: 'zoe@example.com', role: 'Member' })
    await page.goto(`${set.server.control}/acme/keys`)
    await search.fill('what Ann looks for')
    await page.getByText('No key matches').waitFor()
    await page.evaluate(`fetch('/api/auth/sign-out', { method: 'POST' })`)
    const other = await context.newPage()
    await other.goto(link)
    await other.getByLabel('Name', { exact: true }).fill('Zoe')
    await other.getByLabel('Password').fill('correct horse battery')
    await other.getByRole('button', { name: 'Create your account' }).click()
    await other.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    await other.close()
    await page.reload()
    await search.waitFor()
    expect(await search.inputValue()).toBe('')
    expect(await page.evaluate('JSON.stringify({ ...sessionStorage })')).not.toContain('Ann')
  })

  it('is gone with who signs out', async () => {
    const { page } = set.ann
    const { key, credential } = await set.server.issue({ name: 'Pasted' })
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByLabel('Search by name, hint or id').fill(credential)
    await page.getByText('No key matches').waitFor()
    await page.getByLabel('Search by name, hint or id').fill(key.id)
    await page.getByRole('link', { name: 'Pasted' }).click()
    await page.getByRole('heading', { level: 1, name: 'Pasted' }).waitFor()
    await page.getByRole('button', { name: 'Account and appearance' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByLabel('Password').waitFor()
    const left = await page.evaluate(`new Promise((resolve) => {
      addEventListener('popstate', ({ state }) => resolve(JSON.stringify([state, { ...sessionStorage }])), { once: true })
      history.go(-2)
    })`)
    expect(left).toContain('"kept"')
    expect(left).not.toContain(key.id)
    expect(left).not.toContain(credential)
  })
})
