import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { holonomix } from '@keywright/contracts'
import { issue } from '@keywright/core'
import { guard as guardExpress } from '@keywright/core/express'
import { guard as guardHono } from '@keywright/core/hono'
import { inMemory, testActor } from '@keywright/core/testing'
import express from 'express'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const tenant = inMemory({ contract: holonomix })
let credential: string
let url: string
const app = new Hono()
const server = createServer()

beforeAll(async () => {
  await tenant.organization({ plan: 'enterprise' })
  ;({ credential } = await issue(tenant.lifecycle, testActor, { organization: 'acme', name: 'test' }))
  const listener = express()
  listener.set('case sensitive routing', true).set('strict routing', true)
  listener.use(guardExpress(tenant.verifier), express.json(), express.urlencoded({ extended: true }))
  listener.use((request, response) => void response.end(request.body?.namespace ?? 'default'))
  server.on('request', listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  app.use(guardHono(tenant.verifier))
  app.all('*', (context) => context.text('default'))
})
afterAll(() => server.close())

const apps: Record<string, (path: string, init: RequestInit) => Promise<Response>> = {
  Express: (path, init) => fetch(url + path, init),
  Hono: async (path, init) => app.fetch(new Request(`http://localhost${path}`, init)),
}

describe.each(Object.entries(apps))('the guard in %s', (_, ask) => {
  async function send(types: string[], body: string, path = '/v1/query') {
    const headers = new Headers({ 'x-api-key': credential })
    for (const type of types) headers.append('content-type', type)
    const answer = await ask(path, { method: 'POST', headers, body })
    return [answer.status, await answer.text()]
  }
  const refused = [400, expect.stringMatching(/^\{"detail":"The body must /)]
  const forbidden = [403, '{"detail":"Namespace \'staging\' not permitted for tenant \'acme\'"}']
  const utf7 = 'application/json; charset=utf-7'
  const form = 'application/x-www-form-urlencoded'

  it.each([
    [[utf7], '{"namespace":"default","a":"+ACIALAAi-namespace+ACIAOgAi-staging"}'],
    [[form], '{"a":"&namespace=staging&"}'],
    [['application/json', 'application/json'], '{}'],
  ])('lets nothing pass as %s that others may read otherwise', async (types, body) => {
    expect(await send(types, body)).toEqual(refused)
    expect(await send(types, body, '/v1/get/default/k')).toEqual(refused)
  })

  it('lets nothing pass that names a namespace as no JSON', async () => {
    expect(await send([utf7], '+AHsAIg-namespace+ACIAOgAi-staging+ACIAfQ-', '/v1/get/default/k')).toEqual(refused)
    expect(await send([form], 'namespace=staging', '/v1/get/default/k')).toEqual(refused)
  })

  it.each([utf7, form, 'text/plain'])('refuses a namespace out of reach as such, also as %s', async (type) => {
    expect(await send([type], '{"namespace":"staging"}')).toEqual(forbidden)
  })

  it.each(['application/json; charset=utf-8', form, 'text/plain'])('lets JSON pass as %s', async (type) => {
    expect(await send([type], '{"namespace":"default"}')).toEqual([200, 'default'])
  })
})
