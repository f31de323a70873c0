import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serviceKey, startServer, type TestServer } from '../../server/test/support/start-server.ts'
import { becomeOperator, startBrowser, visit } from './browser.ts'

const minutes = 60_000

/** The settings page of a company, at an address of its own. */
async function startCompany(page: () => string): Promise<{ server: Server; url: string }> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><h1>Settings</h1>${page()}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

describe('the element for a page of somebody else', { timeout: 2 * minutes }, () => {
  let browser: Browser
  let server: TestServer
  let company: Awaited<ReturnType<typeof startCompany>>
  let stranger: Awaited<ReturnType<typeof startCompany>>
  /** The company again, at an address of another site than the console. */
  let elsewhere: string
  let shown = ''

  beforeAll(async () => {
    browser = await startBrowser()
    company = await startCompany(() => shown)
    stranger = await startCompany(() => shown)
    elsewhere = company.url.replace('127.0.0.1', 'localhost')
    server = await startServer({ contract: 'hopx', env: { KEYWRIGHT_EMBED_ORIGINS: `${company.url},${elsewhere}` } })
  }, minutes)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    company?.server.close()
    stranger?.server.close()
  })

  async function portal(): Promise<string> {
    const response = await fetch(`${server.control}/v1/portal-sessions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ organization: 'acme', user: 'Bob', role: 'admin' }),
    })
    return ((await response.json()) as { link: string }).link
  }
  const element = (link: string) =>
    `<script src="${server.control}/element.js"></script><keywright-keys link="${link}"></keywright-keys>`
  const framed = (url: string) => (frame: { url(): string }) => frame.url().startsWith(url)

  it('shows a customer his keys, whom the company has signed in, and lets him make one', async () => {
    const { page, context, complaints } = await visit(browser)
    shown = element(await portal())
    await page.goto(company.url)
    await expect.poll(() => page.frames().some(framed(`${server.control}/acme/keys`)), { timeout: 20_000 }).toBe(true)
    const frame = page.frames().find(framed(server.control))
    if (!frame) throw new Error('There is no frame.')
    await frame.getByRole('heading', { level: 1, name: 'API keys' }).waitFor()
    await frame.getByRole('button', { name: 'Create API key' }).first().click()
    await frame.getByRole('dialog').waitFor()
    expect(await page.evaluate("document.querySelector('keywright-keys').shadowRoot")).toBeNull()
    expect(await page.evaluate('document.cookie')).toBe('')
    expect(complaints).toEqual([])
    await context.close()
  })

  it('is as wide as its place, and as high as the page says', async () => {
    const { page, context } = await visit(browser)
    const sizes: unknown[] = []
    for (const style of [
      'main { display: flex; align-items: center; flex-direction: column }',
      'main { display: flex }',
    ]) {
      const policy = `<meta http-equiv="Content-Security-Policy" content="script-src ${server.control}">`
      shown = `${policy}<style>body { margin: 0 } ${style} keywright-keys { height: 900px }</style><main>${element(await portal())}</main>`
      await page.goto(company.url)
      await expect.poll(() => page.frames().some(framed(`${server.control}/acme/keys`)), { timeout: 20_000 }).toBe(true)
      sizes.push(
        await page.locator('keywright-keys').boundingBox(),
        await (await page.frames()[1]?.frameElement())?.boundingBox(),
      )
    }
    for (const size of sizes) expect(size).toMatchObject({ width: 1280, height: 900 })
    // Where that is too little, what follows makes room.
    shown = `<style>keywright-keys { height: 300px }</style>${element(await portal())}<footer>Imprint</footer>`
    await page.goto(company.url)
    await page.locator('keywright-keys').waitFor()
    const { y, height } = (await page.locator('keywright-keys').boundingBox()) ?? { y: 0, height: 0 }
    expect([height, (await page.getByText('Imprint').boundingBox())?.y]).toEqual([640, y + 640])
    await context.close()
  })

  it('shows nothing in a page that was not named', async () => {
    const { page, context, complaints } = await visit(browser)
    shown = element(await portal())
    await page.goto(stranger.url)
    await expect.poll(() => complaints.join(), { timeout: 20_000 }).toContain('frame-ancestors')
    expect(page.frames().some(framed(`${server.control}/acme`))).toBe(false)
    await context.close()
  })

  it('says to a customer whose session no browser keeps there why, and offers no form to sign in with', async () => {
    const { page, context, complaints } = await visit(browser)
    shown = element(await portal())
    await page.goto(elsewhere)
    await expect.poll(() => page.frames().some(framed(server.control)), { timeout: 20_000 }).toBe(true)
    const frame = page.frames().find(framed(server.control))
    if (!frame) throw new Error('There is no frame.')
    await frame.getByRole('heading', { level: 1, name: 'Nobody can be signed in here' }).waitFor()
    expect(await frame.getByRole('button').count()).toBe(0)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('says to a customer whose link was used already to open the page again, not to ask for an invitation', async () => {
    const { page, context } = await visit(browser)
    shown = element(await portal())
    await page.goto(company.url)
    await expect.poll(() => page.frames().some(framed(`${server.control}/acme/keys`)), { timeout: 20_000 }).toBe(true)
    await page.goto(company.url)
    await expect.poll(() => page.frames().some(framed(`${server.control}/portal`)), { timeout: 20_000 }).toBe(true)
    const told = page.frames().find(framed(server.control))?.getByRole('main')
    await expect.poll(() => told?.textContent(), { timeout: 20_000 }).toContain('This link does not work')
    expect(await told?.textContent()).toContain('Open the page that led here again')
    expect(await told?.textContent()).not.toContain('invitation')
    await context.close()
  })

  it('puts nothing into the page but its own portal', async () => {
    const { page, context } = await visit(browser)
    for (const link of ['https://evil.example/portal#x', `${server.control}/acme/keys`, 'javascript:alert(1)', '']) {
      shown = element(link)
      await page.goto(company.url)
      await page.waitForLoadState('networkidle')
      expect(page.frames()).toHaveLength(1)
    }
    await context.close()
  })

  it('takes an address without slashes for no path of the page around it', async () => {
    const { page, context } = await visit(browser)
    shown = element((await portal()).replace('http://', 'http:'))
    await page.goto(company.url)
    await expect.poll(() => page.frames().some(framed(`${server.control}/acme/keys`)), { timeout: 20_000 }).toBe(true)
    await context.close()
  })

  it('leaves no keys in sight once the page takes the link away', async () => {
    const { page, context } = await visit(browser)
    shown = element(await portal())
    await page.goto(company.url)
    await expect.poll(() => page.frames().some(framed(`${server.control}/acme/keys`)), { timeout: 20_000 }).toBe(true)
    await page.evaluate("document.querySelector('keywright-keys').removeAttribute('link')")
    await expect.poll(() => page.frames().length).toBe(1)
    await context.close()
  })

  it('lets no terminal in from within another page, which could lie over the button', async () => {
    const visitor = await visit(browser)
    await becomeOperator(visitor, server)
    const { page, context } = visitor
    shown = `<iframe src="${server.control}/device?user_code=BCDF-GHJK" width="600" height="600"></iframe>`
    await page.goto(company.url)
    const frame = page.frameLocator('iframe')
    await frame.getByText('Open this page by itself').waitFor()
    expect(await frame.getByRole('button', { name: 'Continue' }).count()).toBe(0)
    await context.close()
  })

  it('is a small script that any page may load, and nothing else is', async () => {
    const headersOf = async (path: string) =>
      (await fetch(server.control + path, { headers: { accept: 'text/html' } })).headers
    const script = await headersOf('/element.js')
    expect(script.get('cross-origin-resource-policy')).toBe('cross-origin')
    expect(script.get('content-type')).toContain('text/javascript')
    const home = await headersOf('/')
    expect(home.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(home.get('content-security-policy')).toContain(`frame-ancestors ${company.url}`)
    const closed = await startServer({ contract: 'hopx' })
    const response = await fetch(closed.control, { headers: { accept: 'text/html' } })
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    await closed.stop()
  })
})
