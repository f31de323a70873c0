import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Page } from '@playwright/test'
import { expect } from 'vitest'
import { axeFaults } from '../../server/test/support/axe.ts'
import type { TestServer } from '../../server/test/support/start-server.ts'
import { buildConsole } from './build-console.ts'

const shots = fileURLToPath(new URL('../../../test-artifacts/console/', import.meta.url))

/** Debian's own, or the one the environment names. */
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'

export async function startBrowser(): Promise<Browser> {
  mkdirSync(shots, { recursive: true })
  await buildConsole()
  return chromium.launch({ executablePath, args: ['--no-sandbox'] })
}

export interface Visitor {
  context: BrowserContext
  page: Page
  /** What the browser complained of: refused by the policy, thrown, or logged. */
  complaints: string[]
}

export async function visit(browser: Browser): Promise<Visitor> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const complaints: string[] = []
  page.on('pageerror', ({ message }) => complaints.push(message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      complaints.push(message.text())
    }
  })
  return { context, page, complaints }
}

/** Opens the first operator's link and makes the account. */
export async function becomeOperator({ page }: Visitor, server: TestServer): Promise<void> {
  const link = await server.operatorLink()
  if (link === null) throw new Error('There is an operator already.')
  await page.goto(link)
  await page.getByLabel('Name', { exact: true }).fill('Ann Smith')
  await page.getByLabel('E-mail').fill('ann@example.com')
  await page.getByLabel('Password').fill('correct horse battery')
  await page.getByRole('button', { name: 'Create your account' }).click()
  await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
}

const widths = [1280, 360]
/** Narrower than this is a phone, which is touched. */
const touched = 640
const schemes = ['light', 'dark'] as const

/** What axe finds on this screen, wide and narrow, light and dark, and whether it can be read without scrolling sideways. */
export async function faults(page: Page, name: string): Promise<string[]> {
  const found: string[] = []
  const cdp = await page.context().newCDPSession(page)
  for (const width of widths) {
    await page.setViewportSize({ width, height: 860 })
    await cdp.send('Emulation.setTouchEmulationEnabled', { enabled: width < touched })
    // Behind a dialog the page below the window is as it was.
    const fullPage = (await page.getByRole('dialog').count()) === 0
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.screenshot({ path: `${shots}${name}-${width}-${colorScheme}.png`, fullPage })
      const looked = colorScheme === 'light' ? 'all' : 'colours'
      for (const fault of await axeFaults(page, looked)) found.push(`${name} ${width} ${colorScheme}: ${fault}`)
    }
    const wider = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    if (wider !== 0) found.push(`${name} ${width}: ${wider} pixels too wide`)
  }
  await cdp.send('Emulation.setTouchEmulationEnabled', { enabled: false })
  await page.setViewportSize({ width: 1280, height: 860 })
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  // On a busy machine it is still narrow for a moment, and what is hidden there takes no focus.
  await expect.poll(() => page.evaluate('innerWidth'), { timeout: 15_000 }).toBe(1280)
  return found
}
