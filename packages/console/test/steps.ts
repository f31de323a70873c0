import type { Browser, Page } from '@playwright/test'
import { expect } from 'vitest'
import { type Visitor, visit } from './browser.ts'

/** Reads the key in the dialog that shows it, and closes the dialog, which throws it away. */
export async function takeKey(page: Page): Promise<string> {
  const credential = await page.getByLabel('The new key').innerText()
  await page.getByLabel('I have stored this key').check()
  await page.getByRole('button', { name: 'Done' }).click()
  await page.getByLabel('The new key').waitFor({ state: 'detached' })
  return credential
}

/** From the page with the button to the key in hand. */
export async function createKey(page: Page, name: string, fill?: (page: Page) => Promise<void>): Promise<string> {
  await page.getByRole('button', { name: 'Create API key' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name', { exact: true }).fill(name)
  await fill?.(page)
  await dialog.getByRole('button', { name: 'Create API key' }).click()
  return takeKey(page)
}

interface Invited {
  email: string
  role: 'Member' | 'Admin' | 'Owner'
}

/** The link of an invitation made on the members page. */
export async function inviteLink({ page }: Visitor, { email, role }: Invited): Promise<string> {
  await page.getByRole('link', { name: 'Members' }).click()
  await page.getByRole('button', { name: 'Invite someone' }).first().click()
  await page.getByLabel('E-mail').fill(email)
  await page.getByRole('radio', { name: role }).check()
  await page.getByRole('dialog').getByRole('button').last().click()
  const link = await page.getByLabel('The link').innerText()
  await page.getByRole('button', { name: 'Done' }).click()
  return link
}

/** Somebody else, by the link of an invitation. */
export async function invite(
  browser: Browser,
  by: Visitor,
  { name, ...invited }: Invited & { name: string },
): Promise<Visitor> {
  const link = await inviteLink(by, invited)
  const visitor = await visit(browser)
  await visitor.page.goto(link)
  await visitor.page.getByLabel('Name', { exact: true }).fill(name)
  await visitor.page.getByLabel('Password').fill('correct horse battery')
  await visitor.page.getByRole('button', { name: 'Create your account' }).click()
  await visitor.page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
  return visitor
}

/** Status and body, as the caller of an API gets them. */
export async function call(
  url: string,
  headers: Readonly<Record<string, string>>,
  method = 'GET',
): Promise<{ status: number; json: Record<string, unknown>; headers: Headers }> {
  const response = await fetch(url, { method, headers })
  const text = await response.text()
  return { status: response.status, json: text === '' ? {} : JSON.parse(text), headers: response.headers }
}

/** What is asked there waits until it is let go. */
export async function holdBack(page: Page, where: (url: URL) => boolean, method = 'POST'): Promise<() => void> {
  let letGo = () => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  await page.route(where, async (route) => {
    if (route.request().method() === method) await held
    await route.continue()
  })
  return letGo
}

/** There and back again. */
export async function goesBackInVain(page: Page): Promise<void> {
  await page.evaluate(`window.steps = 0; addEventListener('popstate', () => window.steps++); history.back()`)
  await expect.poll(() => page.evaluate('window.steps')).toBe(2)
}
