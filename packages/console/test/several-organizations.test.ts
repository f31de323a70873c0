import { describe, expect, it } from 'vitest'
import { controlApi } from '../../server/test/support/control-api.ts'
import { faults } from './browser.ts'
import { call, invite } from './steps.ts'
import { minute, stage } from './story.ts'

describe('who is in several organizations', { timeout: 2 * minute }, () => {
  const set = stage('hopx')

  it('sees use, limits, hygiene and audit of the one they are in, and switches', async () => {
    const { key, credential } = await set.server.issue({ name: 'Ours' })
    await call(`${set.server.edge}/v1/sandboxes`, { authorization: `Bearer ${credential}` })
    const second = await set.server.issue({ name: 'Also ours' })
    await call(`${set.server.edge}/v1/sandboxes`, { authorization: `Bearer ${second.credential}` })
    const other = await set.server.issueElsewhere()
    const bob = await invite(set.browser, set.ann, { name: 'Bob', email: 'bob@example.com', role: 'Member' })
    const { page } = bob
    await set.ann.page.goto(`${set.server.control}/${other.key.organization}/members`)
    await set.ann.page.getByRole('button', { name: 'Invite someone' }).first().click()
    await set.ann.page.getByLabel('E-mail').fill('bob@example.com')
    await set.ann.page.getByRole('dialog').getByRole('button').last().click()
    await page.goto(await set.ann.page.getByLabel('The link').innerText())
    await page.getByRole('button', { name: 'Accept as Bob' }).click()
    await page.waitForURL(`**/${other.key.organization}/keys`)

    const refused: string[] = []
    const counted: string[] = []
    page.on('response', (response) => {
      if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`)
    })
    page.on('request', (request) => {
      if (request.url().includes('/v1/usage')) counted.push(request.url())
    })
    const openKeys = async () => {
      await page.goto(`${set.server.control}/acme/keys`)
      await page.waitForLoadState('networkidle')
    }
    const uses = page.getByRole('img', { name: '1 allowed, 0 refused in 7 days' })
    await expect
      .poll(
        async () => {
          await openKeys()
          return uses.count()
        },
        { timeout: 30_000 },
      )
      .toBe(2)
    counted.length = 0
    await openKeys()
    expect(counted).toHaveLength(1)
    for (const [path, heading] of [
      [`keys/${key.id}`, 'Ours'],
      ['usage', 'Usage'],
      ['limits', 'Limits'],
      ['hygiene', 'Hygiene'],
      ['audit', 'Audit log'],
      ['members', 'Members'],
    ]) {
      await page.goto(`${set.server.control}/acme/${path}`)
      await page.getByRole('heading', { level: 1, name: heading ?? '' }).waitFor()
      await page.waitForLoadState('networkidle')
    }
    expect(refused).toEqual([])

    await page.getByRole('button', { name: /Switch organization/ }).click()
    await page.getByRole('menu').waitFor()
    expect(await faults(page, 'organization-switcher')).toEqual([])
    await page.getByRole('menuitem').filter({ hasNotText: 'acme' }).click()
    await page.waitForURL(`**/${other.key.organization}/keys`)
    expect(await page.getByText('Ours').count()).toBe(0)

    // A key is shown in the organization that it is of.
    await page.goto(`${set.server.control}/${other.key.organization}/keys/${key.id}`)
    await page.waitForURL(`**/acme/keys/${key.id}`)
    await page.getByRole('heading', { level: 1, name: 'Ours' }).waitFor()
    expect(bob.complaints).toEqual([])
    await bob.context.close()
  })

  it('is led to another one where the first is deleted meanwhile', async () => {
    const { page } = set.ann
    const { key } = await set.server.issueElsewhere()
    await page.goto(`${set.server.control}/instance/organizations`)
    await page.getByRole('link', { name: key.organization }).waitFor()
    await controlApi(set.server.control)('DELETE', '/v1/organizations/acme')
    await page.getByRole('link', { name: 'acme' }).click()
    await page.getByRole('link', { name: 'Go to your keys' }).click()
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    expect(new URL(page.url()).pathname).toMatch(/^\/other-\d\/keys$/)
  })
})
