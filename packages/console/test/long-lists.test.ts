import { createProject, setMember } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { controlApi } from '../../server/test/support/control-api.ts'
import { copyKey } from '../../server/test/support/copy-key.ts'
import { issueCliToken } from '../../server/test/support/issue-cli-token.ts'
import { tester } from '../../server/test/support/start-server.ts'
import { createKey, invite } from './steps.ts'
import { minute, stage } from './story.ts'

const moreThanAPage = Array.from({ length: 201 }, (_, i) => String(i).padStart(3, '0'))

describe('lists that are longer than a page of the API', { timeout: 3 * minute }, () => {
  const set = stage('holocron')

  it('show the newest projects too, and let a key be made for one', async () => {
    const { page } = set.ann
    const { lifecycle } = set.server
    for (const number of moreThanAPage) {
      await createProject(lifecycle, tester, { organization: 'acme', name: `Site ${number}` })
    }
    await page.goto(`${set.server.control}/acme/projects`)
    await page.getByRole('link', { name: 'Site 200', exact: true }).waitFor()
    await page.goto(`${set.server.control}/acme/keys`)
    await createKey(page, 'For the newest', async () => {
      await page.getByRole('dialog').getByLabel('Project').selectOption('Site 200')
    })
    await page.getByLabel('Project').selectOption('Site 200')
    await page.getByRole('link', { name: 'For the newest' }).waitFor()
  })

  it('know the maker of a key behind two hundred members', async () => {
    const { lifecycle, control } = set.server
    for (const number of moreThanAPage) {
      await setMember(lifecycle, tester, { organization: 'acme', user: `usr_0${number}`, role: 'member' })
    }
    const bob = await invite(set.browser, set.ann, { name: 'Bob', email: 'bob@example.com', role: 'Admin' })
    await createKey(bob.page, 'By Bob')
    await bob.page.getByRole('row', { name: /By Bob.*by Bob/s }).waitFor()
    await bob.page.goto(`${control}/acme/members`)
    await bob.page.getByLabel('Role of Bob').waitFor()
    await bob.context.close()
  })

  it('say how many keys were looked through for limits of their own where none has any', async () => {
    const { page } = set.ann
    await copyKey(set.server, 201)
    await page.goto(`${set.server.control}/acme/limits`)
    await page.getByText('None of the 200 active keys used last has any.').waitFor()
  })

  it('show the newest invitation', async () => {
    const { page } = set.ann
    const api = controlApi(set.server.control)
    for (const number of moreThanAPage) {
      const body = { email: `guest-${number}@example.com`, role: 'member' }
      await api('POST', '/v1/organizations/acme/invitations', { body })
    }
    await page.goto(`${set.server.control}/acme/members`)
    await page.getByText('guest-200@example.com').first().waitFor()
  })

  it('show the terminal that logged in last, after many that have logged out', async () => {
    const { page } = set.ann
    const { lifecycle, control } = set.server
    const { id: user } = (await page.evaluate(`fetch('/v1/whoami').then((answer) => answer.json())`)) as { id: string }
    const api = controlApi(control)
    let credential = ''
    for (const name of moreThanAPage) {
      const made = await issueCliToken(lifecycle, tester, { user, name: `Laptop ${name}` })
      credential = made.credential
      if (name !== '200') await api('POST', `/v1/cli-tokens/${made.token.id}/revoke`, { credential })
    }
    await page.goto(`${control}/account`)
    await page.getByRole('button', { name: 'Log out Laptop 200' }).waitFor()
    expect(await page.getByText('in a terminal adds one').count()).toBe(0)
    expect(set.ann.complaints).toEqual([])
  })
})
