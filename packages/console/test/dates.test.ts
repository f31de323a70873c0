import { describe, expect, it } from 'vitest'
import { minute, stage } from './story.ts'

describe('dates in the console that no calendar has', { timeout: 2 * minute }, () => {
  const set = stage('hopx')

  it('leave the audit log standing, and are not offered', async () => {
    const { page, complaints } = set.ann
    await page.goto(`${set.server.control}/acme/audit`)
    await page.getByText('created the organization:').first().waitFor()
    for (const [label, day] of [
      ['From', '20265-01-01'],
      ['From', ''],
      ['To', '20265-01-01'],
      ['To', '9999-12-31'],
    ] as const) {
      await page.getByLabel(label, { exact: true }).fill(day)
      await page.getByRole('heading', { level: 1, name: 'Audit log' }).waitFor()
      await page.getByText('created the organization:').first().waitFor()
    }
    await page.waitForLoadState('networkidle')
    expect(await page.getByRole('alert').count()).toBe(0)
    expect(await page.getByLabel('To', { exact: true }).getAttribute('max')).toBe('9998-12-31')
    expect(complaints).toEqual([])
  })

  it('end at midnight in the audit log, also those whose own midnight the summer time leaves out', async () => {
    const { page } = set.ann
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('Emulation.setTimezoneOverride', { timezoneId: 'Africa/Cairo' })
    const asked = page.waitForRequest((request) => request.url().includes('until='))
    await page.goto(`${set.server.control}/acme/audit?from=2026-04-24&to=2026-04-24`)
    const { searchParams } = new URL((await asked).url())
    expect(searchParams.get('since')).toBe('2026-04-23T22:00:00.000Z')
    expect(searchParams.get('until')).toBe('2026-04-24T21:00:00.000Z')
    await cdp.send('Emulation.setTimezoneOverride', { timezoneId: '' })
  })

  it('are not taken for the last day of a key', async () => {
    const { page, complaints } = set.ann
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByRole('button', { name: 'Create API key' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: true }).fill('For ever')
    await dialog.getByRole('checkbox', { name: /sandboxes:read/ }).check()
    await dialog.getByLabel('Expires').selectOption('On a date …')
    await dialog.getByLabel('Last day').fill('20265-01-01')
    await dialog.getByRole('button').last().click()
    expect(await dialog.locator('input[type=date]:invalid').count()).toBe(1)
    expect(await page.getByRole('alert').count()).toBe(0)
    await dialog.getByLabel('Last day').fill('2265-01-01')
    await dialog.getByRole('button').last().click()
    await page.getByLabel('The new key').waitFor()
    expect(complaints).toEqual([])
  })
})
