import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faults, type Visitor } from './browser.ts'
import { call, createKey, invite } from './steps.ts'
import { hasNone, minute, stage } from './story.ts'

describe('Handinger: Settings → API keys', { timeout: 3 * minute }, () => {
  const set = stage('handinger')
  const ask = (key: string, method = 'GET') =>
    call(
      `${set.server.edge}/api/workers`,
      { authorization: `Bearer ${key}`, 'user-agent': 'handinger-node/1.4' },
      method,
    )
  let bob: Visitor
  let carol: Visitor
  let key = ''

  beforeAll(async () => {
    bob = await invite(set.browser, set.ann, { name: 'Bob', email: 'bob@example.com', role: 'Admin' })
    carol = await invite(set.browser, set.ann, { name: 'Carol', email: 'carol@example.com', role: 'Member' })
  }, 2 * minute)
  afterAll(async () => {
    await bob?.context.close()
    await carol?.context.close()
  })

  it('offers Create API key to admins and owners alone', async () => {
    await carol.page.getByText('No API keys yet').waitFor()
    expect(await carol.page.getByRole('button', { name: 'Create API key' }).count()).toBe(0)
    await bob.page.getByRole('button', { name: 'Create API key' }).first().waitFor()
  })

  it('creates production-backend, which the audit log names, and closing the dialog throws the secret away', async () => {
    const { page } = bob
    key = await createKey(page, 'production-backend', async () => {
      await page.getByText('The key can do what you can do as an admin: everything.').waitFor()
    })
    expect(key).toMatch(/^hdg_live_/)
    expect(await page.content()).not.toContain(key)
    await page.getByRole('row', { name: /production-backend.*by Bob/s }).waitFor()
    await page.getByRole('link', { name: 'Audit log' }).click()
    await page.getByText('created an API key:').first().waitFor()
    await page.getByText('invited someone as an admin').waitFor()
    await page.getByText('production-backend').first().waitFor()
    await page.getByText(/Chain verified/).waitFor()
  })

  it('tells changes made in the dashboard from those made through the API, by triggeredBy', async () => {
    const { page } = bob
    await set.server.issue({ name: 'by-a-machine' })
    await page.reload()
    await page.getByText('by-a-machine').first().waitFor()
    await page.getByLabel('Through').selectOption('ui')
    await page.getByText('by-a-machine').first().waitFor({ state: 'detached' })
    await page.getByText('production-backend').first().waitFor()
    await page.getByLabel('Through').selectOption('api')
    await page.getByText('by-a-machine').first().waitFor()
    expect(await page.getByText('production-backend').count()).toBe(0)
  })

  it('rotates with a 24-hour grace window, shortens and extends it, waits for the fleet, and ends the old secret', async () => {
    const { page } = bob
    await page.getByRole('link', { name: 'API keys' }).click()
    await page.getByRole('link', { name: 'production-backend' }).click()
    await page.getByRole('button', { name: 'Rotate' }).click()
    await page.getByRole('radio', { name: 'In 1 day' }).check()
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
    const next = await page.getByLabel('The new key').innerText()
    await page.getByLabel('I have stored this key').check()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByText(/23:59:\d\d|1 d 00:00:00/).waitFor()

    const [rolling, rolled] = [await ask(key), await ask(next)]
    expect([rolling.status, rolled.status]).toEqual([200, 200])
    expect(rolling.headers.get('api-key-status')).toBe('rotating')
    const stillCalling = page.getByText(/Still used from 1 place/)
    await stillCalling.waitFor({ timeout: 30_000 })
    await page.getByRole('cell', { name: 'handinger-node/1.4' }).first().waitFor()
    await page.getByRole('cell', { name: '127.0.0.1' }).first().waitFor()
    await page.getByRole('cell', { name: '/api/{resource}/**' }).first().waitFor()
    expect(await faults(page, 'handinger-rotating')).toEqual([])

    for (const [choice, left] of [
      ['In 1 hour', /(59:\d\d|1:00:00)/],
      ['In 1 day', /23:59:\d\d|1 d 00:00:00/],
    ] as const) {
      await page.getByRole('button', { name: 'Change the end' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('radio', { name: choice }).check()
      await dialog.getByRole('button', { name: 'Change the end' }).click()
      await dialog.waitFor({ state: 'detached' })
      await page.getByText(left).waitFor()
      expect((await ask(key)).status).toBe(200)
    }

    await page.getByRole('button', { name: 'End now' }).click()
    await page.getByText('1 place used it since the rotation').waitFor()
    await page.getByRole('button', { name: 'End it now' }).click()
    await page.getByText('Ended').waitFor()
    expect([(await ask(key)).status, (await ask(next)).status]).toEqual([401, 200])
    key = next
  })

  it('lets a key do what its maker can do now, and says so', async () => {
    await bob.page.getByText('As its maker, who is an admin now: everything').waitFor()
    expect((await ask(key, 'POST')).status).toBe(200)
    await set.ann.page.goto(`${set.server.control}/acme/members`)
    await set.ann.page.getByLabel('Role of Bob').selectOption('member')
    await set.ann.page.getByRole('button', { name: 'Make them a member' }).click()
    await bob.page.reload()
    await bob.page.getByText('As its maker, who is a member now: workers:read, tasks:read, tasks:write').waitFor()
    expect([(await ask(key)).status, (await ask(key, 'POST')).status]).toEqual([200, 403])
    expect(await bob.page.getByRole('button', { name: 'Revoke' }).count()).toBe(0)
  })

  hasNone(set, /namespace|\bproject|tenant|\bplan\b/i, [
    'acme/members',
    'acme/hygiene',
    'acme/audit',
    'acme/authentication',
    'acme/keys',
    'acme/limits',
    'acme/usage',
  ])
})
