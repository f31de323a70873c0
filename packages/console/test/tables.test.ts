import { describe, expect, it } from 'vitest'
import { controlApi } from '../../server/test/support/control-api.ts'
import { call } from './steps.ts'
import { minute, stage } from './story.ts'

const hundredAMinute = { requests: 100, windowSeconds: 60, per: 'key', kind: 'window' } as const

describe('tables', { timeout: 2 * minute }, () => {
  const set = stage('hopx')
  const name = 'The backend of the checkout in Europe, which is called by three programs'

  it('show all of each row on phones, tablets and small screens, however long the names are', async () => {
    const { page, context } = set.ann
    const { control, edge } = set.server
    const { key, credential } = await set.server.issue({ name, limits: [hundredAMinute] })
    await call(`${edge}/v1/sandboxes`, { authorization: `Bearer ${credential}`, 'user-agent': 'python-requests/2.31' })
    const api = controlApi(control)
    const { json: elsewhere } = await api('POST', '/v1/organizations', { body: { name } })
    await api('POST', '/v1/service-keys', { body: { name, permissions: ['manage', 'verify', 'metrics'] } })
    await api('POST', '/v1/service-keys', { body: { name, permissions: ['manage'], organization: elsewhere.id } })
    await api('PATCH', `/v1/organizations/${elsewhere.id}`, { body: { state: 'suspended' } })
    const cdp = await context.newCDPSession(page)
    const cut: string[] = []
    for (const [path, table] of [
      ['acme/keys', 'API keys'],
      [`acme/keys/${key.id}`, 'Callers'],
      ['acme/limits', 'Keys with limits of their own'],
      ['instance/organizations', 'Organizations'],
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
      for (const width of [320, 360, 640, 768, 1024, 1280]) {
        await page.setViewportSize({ width, height: 860 })
        // Letters are larger where there are fingers.
        await cdp.send('Emulation.setTouchEmulationEnabled', { enabled: width < 1024 })
        const wider = await area.evaluate((element) => element.scrollWidth - element.clientWidth)
        if (wider > 0) cut.push(`${table} ${width}: ${wider} pixels`)
      }
      await page.setViewportSize({ width: 1280, height: 860 })
    }
    expect(cut).toEqual([])
    await page.setViewportSize({ width: 360, height: 860 })
    await page.getByText(elsewhere.id).filter({ visible: true }).waitFor()
    await page.setViewportSize({ width: 1280, height: 860 })
  })

  it('and what is counted make no page wider than a phone', async () => {
    const { page } = set.ann
    await page.setViewportSize({ width: 320, height: 860 })
    await page.goto(`${set.server.control}/acme/usage`)
    await expect
      .poll(() => page.getByRole('link', { name }).count(), { timeout: minute, interval: 1000 })
      .toBeGreaterThan(0)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320)
    await page.setViewportSize({ width: 1280, height: 860 })
  })
})
