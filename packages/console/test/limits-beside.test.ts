import { describe, it } from 'vitest'
import { invite } from './steps.ts'
import { minute, stage } from './story.ts'

describe('a key whose owner has made its limits narrower', { timeout: 2 * minute }, () => {
  const set = stage('holonomix')

  it('shows those and the usual ones, which go on counting', async () => {
    const { key } = await set.server.issue({ name: 'Narrow' })
    const address = `${set.server.control}/acme/keys/${key.id}`
    const olga = await invite(set.browser, set.ann, { name: 'Olga', email: 'olga@example.com', role: 'Owner' })
    const { page } = olga
    await page.goto(address)
    await page.getByText('10 requests in 1 minute per tenant', { exact: true }).waitFor()
    const limitTo = (requests: number) =>
      page.evaluate(
        async ([path, body]) =>
          void (await fetch(path, { method: 'PATCH', body, headers: { 'content-type': 'application/json' } })),
        [
          `/v1/keys/${key.id}`,
          JSON.stringify({ limits: [{ requests, windowSeconds: 60, per: 'organization' }] }),
        ] as const,
      )
    await limitTo(5)
    await page
      .getByText('5 requests in 1 minute per tenant, 10 requests in 1 minute per tenant', { exact: true })
      .waitFor()
    // One that is the same is counted once.
    await limitTo(10)
    await page.getByText('10 requests in 1 minute per tenant', { exact: true }).waitFor()
    await olga.context.close()
  })
})
