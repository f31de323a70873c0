import { describe, expect, it } from 'vitest'
import { controlApi } from '../../server/test/support/control-api.ts'
import { call } from './steps.ts'
import { minute, stage } from './story.ts'

describe('tables', { timeout: 2 * minute }, () => {
  const set = stage('hopx')

  it('show all of each row on phones, tablets and small screens, however long the names are', async () => {
    const { page } = set.ann
    const { control, edge } = set.server
    const name = 'The backend of the checkout in Europe, which is called by three programs'
    const { key, credential } = await set.server.issue({ name })
    await call(`${edge}/v1/sandboxes`, { authorization: `Bearer ${credential}`, 'user-agent': 'python-requests/2.31' })
    const body = { name, permissions: ['manage', 'verify', 'metrics'] }
    await controlApi(control)('POST', '/v1/service-keys', { body })
    const cut: string[] = []
    for (const [path, table] of [
      ['acme/keys', 'API keys'],
      [`acme/keys/${key.id}`, 'Callers'],
      ['instance/service-keys', 'Service keys'],
    ] as const) {
      await page.goto(`${control}/${path}`)
      const area = page.getByRole('region', { name: table })
      await expect
        .poll(() => area.count().then((count) => count || page.reload().then(() => 0)), {
          timeout: minute,
          interval: 2000,
        })
        .toBe(1)
      for (const width of [360, 640, 768, 1024, 1280]) {
        await page.setViewportSize({ width, height: 860 })
        const wider = await area.evaluate((element) => element.scrollWidth - element.clientWidth)
        if (wider > 0) cut.push(`${table} ${width}: ${wider} pixels`)
      }
      await page.setViewportSize({ width: 1280, height: 860 })
    }
    expect(cut).toEqual([])
  })
})
