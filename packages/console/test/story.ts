import type { Browser } from '@playwright/test'
import { afterAll, beforeAll, it } from 'vitest'
import { startUpstream, type Upstream } from '../../server/test/support/echo-upstream.ts'
import { startServer, type TestServer } from '../../server/test/support/start-server.ts'
import { becomeOperator, startBrowser, type Visitor, visit } from './browser.ts'

export const minute = 60_000

/** What a story plays with: a running instance with an API behind it, and Ann, who runs it. */
export interface Stage {
  browser: Browser
  server: TestServer
  upstream: Upstream
  ann: Visitor
}

/** Sets the stage for the tests around it. */
export function stage(contract: string): Stage {
  const set = {} as Stage
  beforeAll(async () => {
    set.browser = await startBrowser()
    set.upstream = await startUpstream()
    set.server = await startServer({ contract, upstream: set.upstream.url })
    set.ann = await visit(set.browser)
    await becomeOperator(set.ann, set.server)
  }, 2 * minute)
  afterAll(async () => {
    await set.browser?.close()
    await set.server?.stop()
    await set.upstream?.stop()
  })
  return set
}

/** On which screens none of these words is to be seen: the contract does not have what they stand for. */
export function hasNone(set: Stage, words: RegExp, paths: readonly string[]): void {
  it(`shows nothing that the contract does not have: ${words.source}`, async () => {
    const { page } = set.ann
    for (const path of paths) {
      await page.goto(`${set.server.control}/${path}`)
      await page.waitForLoadState('networkidle')
      const text = await page.locator('body').innerText()
      const found = words.exec(text)
      if (found) throw new Error(`/${path} says “${found[0]}”.`)
    }
  })
}
