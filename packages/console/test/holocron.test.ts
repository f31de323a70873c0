import { describe, expect, it } from 'vitest'
import { faults } from './browser.ts'
import { call, createKey } from './steps.ts'
import { hasNone, minute, stage } from './story.ts'

describe('Holocron: from the dashboard', { timeout: 3 * minute }, () => {
  const set = stage('holocron')

  it('opens a project, goes to its API keys, creates a key called production, and the key acts on that project alone', async () => {
    const { page } = set.ann
    await page.getByRole('link', { name: 'Projects' }).click()
    await page.getByRole('button', { name: 'Create project' }).first().click()
    await page.getByLabel('Name', { exact: true }).fill('My Docs')
    await page.getByRole('dialog').getByRole('button', { name: 'Create project' }).click()

    await page.getByRole('link', { name: 'My Docs', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'My Docs' }).waitFor()
    await page.getByRole('heading', { name: 'API keys', exact: true }).waitFor()
    expect(await faults(page, 'holocron-project')).toEqual([])
    const credential = await createKey(page, 'production')
    expect(credential).toMatch(/^holo_/)
    await page.getByRole('link', { name: 'production' }).waitFor()

    const { status, json } = await call(`${set.server.edge}/api/v0/projects`, { authorization: `Bearer ${credential}` })
    expect(status).toBe(200)
    expect(json).toMatchObject({ projects: [{ name: 'My Docs' }] })
    const created = await fetch(`${set.server.edge}/api/v0/projects`, {
      method: 'POST',
      headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Another' }),
    })
    expect(created.status).toBe(403)
  })

  it('never asks which project, and keeps the keys of one out of another', async () => {
    const { page } = set.ann
    await page.getByRole('link', { name: 'Projects' }).first().click()
    await page.getByRole('link', { name: 'Web', exact: true }).click()
    await page.getByText('No API keys yet').waitFor()
    await page.getByRole('button', { name: 'Create API key' }).first().click()
    expect(await page.getByRole('dialog').getByLabel('Project').count()).toBe(1)
    expect(await page.getByRole('dialog').getByLabel('Project').locator('option:checked').innerText()).toBe('Web')
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect(await page.getByRole('link', { name: 'production' }).count()).toBe(0)
  })

  it('creates another and deletes the old one, which then opens nothing', async () => {
    const { page } = set.ann
    await page.getByRole('link', { name: 'Projects' }).first().click()
    await page.getByRole('link', { name: 'My Docs', exact: true }).click()
    const old = await createKey(page, 'ci')
    const next = await createKey(page, 'ci 2')
    await page.getByRole('link', { name: 'ci', exact: true }).click()
    await page.getByRole('button', { name: 'Revoke' }).click()
    await page.getByRole('button', { name: 'Revoke for good' }).click()
    await page.getByText('No node accepts it any more.').waitFor()
    const statusOf = async (key: string) =>
      (await call(`${set.server.edge}/api/v0/me`, { authorization: `Bearer ${key}` })).status
    expect([await statusOf(old), await statusOf(next)]).toEqual([401, 200])
    await page.getByRole('button', { name: 'Done' }).click()
  })

  it('deletes a project with its keys for who types its name', async () => {
    const { page } = set.ann
    await page.getByRole('link', { name: 'Projects' }).first().click()
    await page.getByRole('link', { name: 'My Docs', exact: true }).waitFor()
    expect(await faults(page, 'holocron-projects')).toEqual([])
    await page.getByRole('button', { name: 'Manage My Docs' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByText('2 keys would be revoked').waitFor()
    await page.getByLabel('To delete it, type My Docs').fill('My Docs')
    expect(await faults(page, 'holocron-delete-project')).toEqual([])
    await page.getByRole('button', { name: 'Delete the project for good' }).click()
    await page.getByText('No node accepts it any more.').waitFor()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('link', { name: 'My Docs', exact: true }).waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Web', exact: true }).waitFor()
  })

  hasNone(set, /namespace|permissions|tenant|\bplan\b/i, [
    'acme/members',
    'acme/hygiene',
    'acme/audit',
    'acme/authentication',
    'acme/keys',
    'acme/projects',
    'acme/limits',
    'acme/usage',
  ])
})
