import type { Page } from '@playwright/test'
import { describe, expect, it } from 'vitest'
import { minute, stage } from './story.ts'

describe('the console without a mouse', { timeout: 2 * minute }, () => {
  const set = stage('hopx')

  it('makes a key, stores it and opens its page', async () => {
    const { page } = set.ann
    await page.goto(`${set.server.control}/acme/keys`)
    await page.getByText('No API keys yet').waitFor()
    await tabTo(page, 'Skip to the content')
    await page.keyboard.press('Enter')
    await tabTo(page, 'Create API key')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    expect(await nameOf(page)).toBe('Name')
    await page.keyboard.type('By hand')
    await tabTo(page, 'sandboxes:read · List and inspect sandboxes')
    await page.keyboard.press('Space')
    await tabTo(page, 'Create API key')
    await page.keyboard.press('Enter')
    await page.getByLabel('The new key').waitFor()
    await tabTo(page, 'Copy key')
    await page.keyboard.press('Enter')
    await page.getByText('Copied').waitFor()
    await tabTo(page, 'curl')
    await page.keyboard.press('ArrowRight')
    await page.getByRole('tab', { name: 'TypeScript', selected: true }).waitFor()
    await tabTo(page, 'I have stored this key')
    await page.keyboard.press('Space')
    await tabTo(page, 'Done')
    await page.keyboard.press('Enter')
    await tabTo(page, 'By hand')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'By hand' }).waitFor()
    await expect.poll(() => page.locator(':focus').getAttribute('id')).toBe('content')
    expect(set.ann.complaints).toEqual([])
  })
})

/** Presses Tab until what has the focus is called so. */
async function tabTo(page: Page, name: string): Promise<void> {
  const seen: string[] = []
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab')
    const focused = page.locator(':focus')
    const text = (await focused.count()) === 0 ? '' : await nameOf(page)
    if (text.startsWith(name)) return
    seen.push(text)
  }
  throw new Error(`Tab never came to “${name}”: ${seen.join(' | ')}`)
}

function nameOf(page: Page): Promise<string> {
  return page.evaluate(
    `(({ activeElement: at }) => (at.ariaLabel ?? at.labels?.[0]?.innerText ?? at.innerText ?? '').trim())(document)`,
  ) as Promise<string>
}
