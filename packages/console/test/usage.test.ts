import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { controlApi } from '../../server/test/support/control-api.ts'
import { copyKey } from '../../server/test/support/copy-key.ts'
import { faults } from './browser.ts'
import { dayMs, hourMs, keyIds, recordUses } from './recorded.ts'
import { minute, stage } from './story.ts'

const route = '/v1/sandboxes/**'

describe('usage in the console', { timeout: 3 * minute }, () => {
  const set = stage('hopx')

  it('shows a use of the first hour of seven days, and none from before', async () => {
    const { page } = set.ann
    const nowMs = Date.now()
    const firstDayMs = nowMs - (nowMs % dayMs) - 6 * dayMs
    const { key: early } = await set.server.issue({ name: 'Early' })
    const { key: gone } = await set.server.issue({ name: 'Gone by' })
    recordUses(set.server, [
      { key: early.id, route, atMs: firstDayMs, count: 5 },
      { key: gone.id, route, atMs: firstDayMs - minute },
    ])
    await page.goto(`${set.server.control}/acme/keys`)
    await page
      .getByRole('row', { name: /Early/ })
      .getByRole('img', { name: '5 allowed, 0 refused in 7 days' })
      .waitFor()
    await page
      .getByRole('row', { name: /Gone by/ })
      .getByText('none', { exact: true })
      .waitFor()
  })

  it('prints all of a chart that was drawn for a wider screen, in the colours of paper, and what these mean', async () => {
    const { page } = set.ann
    const chart = `(() => {
      const canvas = document.querySelector('.uplot canvas')
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
      const colours = new Set(new Uint32Array(data.buffer))
      const { right } = canvas.parentElement.closest('[role=img]').getBoundingClientRect()
      return {
        isCut: canvas.getBoundingClientRect().right > right,
        isLight: colours.has(0xff3f7115),
        isDark: colours.has(0xff80de4a),
      }
    })()`
    await page.setViewportSize({ width: 1440, height: 860 })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.goto(`${set.server.control}/acme/usage`)
    await page.locator('.uplot canvas').waitFor()
    await expect.poll(() => page.evaluate(chart)).toEqual({ isCut: false, isLight: false, isDark: true })
    // How it lies on the paper is known only while that is laid out.
    await page.evaluate(`matchMedia('print').addEventListener('change', ({ matches }) => {
      if (matches) window.printed = ${chart}
    })`)
    await page.pdf({ format: 'A4' })
    expect(await page.evaluate('window.printed')).toEqual({ isCut: false, isLight: true, isDark: false })
    await expect.poll(() => page.evaluate(chart)).toEqual({ isCut: false, isLight: false, isDark: true })
    // Browsers print no backgrounds of their own accord.
    const marks = "[...document.querySelectorAll('dt span')].map((mark) => getComputedStyle(mark).printColorAdjust)"
    expect(await page.evaluate(marks)).toEqual(['exact', 'exact'])
    await page.emulateMedia({ media: 'screen', colorScheme: 'light' })
    await page.setViewportSize({ width: 1280, height: 860 })
  })

  it('writes large numbers beside a chart in full', async () => {
    const { page } = set.ann
    const { key } = await set.server.issue({ name: 'Busy' })
    recordUses(set.server, [{ key: key.id, route, atMs: Date.now(), count: 8_000_000 }])
    await page.goto(`${set.server.control}/acme/keys/${key.id}`)
    await page.getByText('8,000,000').waitFor()
    const edge = `(() => {
      const canvas = document.querySelector('.uplot canvas')
      const { data } = canvas.getContext('2d').getImageData(0, 0, 1, canvas.height)
      return data.some((value) => value !== 0)
    })()`
    await page.locator('.uplot canvas').waitFor()
    expect(await page.evaluate(edge)).toBe(false)
  })

  it('says from when on not all is counted, and counts all of a shorter time', async () => {
    const { page } = set.ann
    const nowMs = Date.now()
    await copyKey(set.server, 170)
    const keys = keyIds(set.server)
    recordUses(
      set.server,
      keys.flatMap((key) => Array.from({ length: 30 }, (_, day) => ({ key, route, atMs: nowMs - day * dayMs }))),
    )
    await page.goto(`${set.server.control}/acme/usage`)
    await page.getByText('Top keys').waitFor()
    expect(await page.getByText('Not all since').count()).toBe(0)
    await page.getByLabel('Time').selectOption('Last 30 days')
    await page.getByText('Not all since').waitFor()
    expect(await faults(page, 'usage-of-many')).toEqual([])
  })

  it('shows the quota that was agreed with an organization where there are no plans', async () => {
    const { page } = set.ann
    const agree = (monthlyQuota: number | null) =>
      controlApi(set.server.control)('PATCH', '/v1/organizations/acme', { body: { monthlyQuota } })
    await agree(5000)
    await page.goto(`${set.server.control}/acme/limits`)
    await page.getByText('5,000 requests', { exact: true }).waitFor()
    await agree(null)
    await page.reload()
    await page.getByText('Every key').waitFor()
    expect(await page.getByText('In a month').count()).toBe(0)
  })

  it('says nothing of head-room before it is known, and says why where it cannot be', async () => {
    const { page } = set.ann
    const asked = '**/v1/usage?**'
    await page.route(asked, () => undefined)
    await page.goto(`${set.server.control}/acme/limits`)
    await page.getByText('Counting').waitFor()
    expect(await page.getByRole('meter').count()).toBe(0)
    await page.unroute(asked)
    await page.route(asked, (request) => request.abort())
    await page.reload()
    await page.getByRole('alert').getByText('The server does not answer').waitFor()
    expect(await page.getByRole('meter').count()).toBe(0)
    await page.unroute(asked)
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('meter', { name: 'Busiest hour in 7 days, per key' }).waitFor()
  })

  it('finds the busiest hour of the longest time that can be counted, the latest hour included', async () => {
    const { page } = set.ann
    const nowMs = Date.now()
    const keys = keyIds(set.server)
    const [busy = ''] = keys
    const hourly = (some: readonly string[], hours: number) =>
      some.flatMap((key) => Array.from({ length: hours }, (_, hour) => ({ key, route, atMs: nowMs - hour * hourMs })))
    recordUses(set.server, hourly(keys.slice(0, 40), 7 * 24))
    recordUses(set.server, [{ key: busy, route, atMs: nowMs, count: 4_321 }])
    await page.goto(`${set.server.control}/acme/limits`)
    await page.getByRole('meter', { name: 'Busiest hour in 24 hours, per key' }).waitFor()
    await page.getByText('4,321').waitFor()

    await copyKey(set.server, 100)
    recordUses(set.server, hourly(keyIds(set.server), 24))
    await page.reload()
    await page.getByText('Not known: more of them are in use than can be counted at once.').waitFor()
    expect(await page.getByRole('meter').count()).toBe(0)
    expect(await faults(page, 'limits-of-many')).toEqual([])
  })
})

describe('a limit of longer than an hour', { timeout: 3 * minute }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'keywright-contract-'))
  const file = join(folder, 'daily.json')
  const limits = [{ requests: 100, windowSeconds: 86_400 }]
  writeFileSync(file, JSON.stringify({ name: 'daily', key: { forms: [{ prefix: 'day_' }] }, limits }))
  const set = stage(file)
  afterAll(() => rmSync(folder, { recursive: true }))

  it('may be used up within one', async () => {
    const { page } = set.ann
    const { key } = await set.server.issue({ name: 'Daily' })
    recordUses(set.server, [{ key: key.id, route, atMs: Date.now(), count: 60 }])
    await page.goto(`${set.server.control}/acme/limits`)
    await page.getByText('60 of 100', { exact: true }).waitFor()
  })
})
