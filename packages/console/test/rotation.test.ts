import { describe, expect, it } from 'vitest'
import { faults } from './browser.ts'
import { takeKey } from './steps.ts'
import { minute, stage } from './story.ts'

describe('a rotation in the console, of which it is not known who still calls', { timeout: 3 * minute }, () => {
  const set = stage('hopx')
  const asked = '**/callers?**'

  async function use(credential: string, program: string) {
    const headers = { authorization: `Bearer ${credential}`, 'user-agent': program }
    const response = await fetch(`${set.server.edge}/v1/sandboxes`, { headers })
    await response.text()
  }

  async function rotate() {
    const { page } = set.ann
    await page.getByRole('button', { name: 'Rotate' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
    await takeKey(page)
  }

  it('says so and warns, before the key is rotated and before the old secret ends', async () => {
    const { page } = set.ann
    const { key } = await set.server.issue({ name: 'Worker' })
    await page.route(asked, (request) => request.abort())
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    await page.getByRole('button', { name: 'Rotate' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radio', { name: 'Now' }).check()
    await dialog.getByText('Who used it in the last 24 hours could not be read').waitFor()
    await dialog.getByRole('radio', { name: 'In 1 day' }).check()
    await dialog.getByRole('button', { name: 'Rotate' }).click()
    await takeKey(page)

    await page.getByText('Who still uses this secret is not known yet.').waitFor()
    await page.getByRole('alert').getByText('The server does not answer').first().waitFor()
    expect(await page.getByText('Nobody has been seen').count()).toBe(0)
    expect(await faults(page, 'rotating-unknown')).toEqual([])
    await page.getByRole('button', { name: 'End now' }).click()
    await page.getByText('Who used it since the rotation is not known').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()

    await page.unroute(asked)
    await page.getByRole('button', { name: 'Try again' }).first().click()
    await page.getByText('Nobody has been seen with this secret since the hour of the rotation.').waitFor()
    await page.getByRole('button', { name: 'End now' }).click()
    await page.getByText('is refused at once').waitFor()
    expect(await page.getByRole('dialog').getByRole('note').count()).toBe(0)
  })

  it('counts no more places than it was told of', async () => {
    const { page } = set.ann
    const { key, credential } = await set.server.issue({ name: 'Everywhere', limits: [] })
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    await rotate()
    for (let i = 0; i < 25; i++) await use(credential, `program-${i}`)
    await page.getByText('Still used from 20 or more places, with at least 20 requests').waitFor({ timeout: 30_000 })
    await page.getByRole('button', { name: 'End now' }).click()
    await page.getByText('20 or more places used it since the rotation').waitFor()
  })

  it('counts nobody among those who still call who was seen before it alone', async () => {
    const { page } = set.ann
    const { key, credential } = await set.server.issue({ name: 'Moved', limits: [] })
    await use(credential, 'moved/1.0')
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    await page.getByRole('cell', { name: 'moved/1.0' }).waitFor({ timeout: 30_000 })
    await rotate()
    await page.getByText('Nobody has been seen with this secret since the hour of the rotation.').waitFor()
    await use(credential, 'stayed/1.0')
    await page.getByText('Still used from 1 place, with 1 request since').waitFor({ timeout: 30_000 })
  })
})
