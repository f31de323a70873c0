import type { Limit } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { controlApi } from '../../server/test/support/control-api.ts'
import { faults } from './browser.ts'
import { minute, stage } from './story.ts'

describe('editing a key in the console', { timeout: 3 * minute }, () => {
  const set = stage('hopx')

  async function edit(limits: Limit[]) {
    const { page } = set.ann
    const { key } = await set.server.issue({ name: 'Limited', limits })
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    await page.getByRole('button', { name: 'Edit' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: true }).fill('Renamed')
    const save = async () => {
      await dialog.getByRole('button', { name: 'Save changes' }).click()
      await page.getByRole('heading', { level: 1, name: 'Renamed' }).waitFor()
      return (await set.server.lifecycle.store.key(key.id))?.limits
    }
    return { dialog, save }
  }

  it('changes a limit that its field can show', async () => {
    const { dialog, save } = await edit([{ requests: 50, windowSeconds: 60, per: 'key', kind: 'window' }])
    await dialog.getByLabel('Requests at most', { exact: true }).fill('40')
    await dialog.getByLabel('Requests at most in').selectOption('an hour')
    expect(await save()).toEqual([{ requests: 40, windowSeconds: 3600, per: 'key', kind: 'window' }])
  })

  it.each([
    ['of a whole organization', { requests: 50, windowSeconds: 60, per: 'organization', kind: 'window' }],
    ['that is a bucket', { requests: 50, windowSeconds: 60, per: 'key', kind: 'bucket' }],
    ['in a time that is not offered', { requests: 50, windowSeconds: 10, per: 'key', kind: 'window' }],
  ] as const)('offers no field for a limit %s, and leaves it as it is', async (_, limit) => {
    const { dialog, save } = await edit([limit])
    await dialog.getByText('Its own limits stay: 50 requests in').waitFor()
    expect(await dialog.getByLabel('Requests at most').count()).toBe(0)
    expect(await faults(set.ann.page, 'edit-key-limits')).toEqual([])
    expect(await save()).toEqual([limit])
  })

  it('is not saved with nothing that the key may do', async () => {
    const { page } = set.ann
    const { key } = await set.server.issue({ name: 'Mighty' })
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    await page.getByRole('button', { name: 'Edit' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radio', { name: 'Only what it needs' }).check()
    expect(await dialog.getByRole('button', { name: 'Choose a permission' }).isDisabled()).toBe(true)
    await dialog.getByRole('checkbox', { name: /sandboxes:read/ }).check()
    await dialog.getByRole('button', { name: 'Save changes' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect((await set.server.lifecycle.store.key(key.id))?.permissions).toEqual(['sandboxes:read'])
  })

  it('gives another name to a key that may do nothing', async () => {
    const { page } = set.ann
    const { key } = await set.server.issue({ name: 'Barred', permissions: [] })
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    await page.getByRole('button', { name: 'Edit' }).click()
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('Still barred')
    await page.getByRole('dialog').getByRole('button').last().click()
    await page.getByRole('heading', { level: 1, name: 'Still barred' }).waitFor()
    expect((await set.server.lifecycle.store.key(key.id))?.permissions).toEqual([])
  })

  it('leaves alone what somebody else changed while the form was open', async () => {
    const { page } = set.ann
    const { key } = await set.server.issue({ name: 'Shared', permissions: ['sandboxes:read', 'sandboxes:write'] })
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    await page.getByRole('button', { name: 'Edit' }).click()
    const patched = await controlApi(set.server.control)('PATCH', `/v1/keys/${key.id}`, {
      body: { permissions: ['sandboxes:read'] },
    })
    expect(patched.status).toBe(200)
    await page.locator('dd li', { hasText: 'sandboxes:write' }).waitFor({ state: 'detached' })
    await page.getByLabel('Name', { exact: true }).fill('Still shared')
    await page.getByRole('button', { name: 'Save changes' }).click()
    await page.getByRole('heading', { level: 1, name: 'Still shared' }).waitFor()
    expect((await set.server.lifecycle.store.key(key.id))?.permissions).toEqual(['sandboxes:read'])
  })
})
