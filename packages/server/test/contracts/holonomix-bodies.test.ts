import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import express from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectTo } from '../support/connect-to.ts'
import { rawRequest, sendRaw } from '../support/raw-request.ts'
import { serviceKey, startServer, type TestServer } from '../support/start-server.ts'

/** Namespaces that an Express app behind the gateway found in bodies. */
const seen: unknown[] = []
let upstream: Server
let server: TestServer
let credential: string

beforeAll(async () => {
  const app = express()
  app.use(express.json(), express.urlencoded({ extended: true }))
  app.use((request, response) => {
    seen.push(request.body?.namespace ?? 'default')
    response.end()
  })
  upstream = createServer(app).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  server = await startServer({
    contract: 'holonomix',
    upstream: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
  })
  ;({ credential } = await server.issue())
})
afterAll(async () => {
  await server.stop()
  upstream.closeAllConnections()
  upstream.close()
})

async function send(types: string[], body: string, target = '/v1/query') {
  const answer = await rawRequest(server.edge, {
    method: 'POST',
    target,
    lines: [
      `X-Api-Key: ${credential}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...types.map((type) => `Content-Type: ${type}`),
    ],
    body,
  })
  return answer.status
}

describe('a body that Express reads', () => {
  const utf7 = 'application/json; charset=utf-7'
  const form = 'application/x-www-form-urlencoded'
  const inUtf7 = '{"namespace":"default","a":"+ACIALAAi-namespace+ACIAOgAi-staging"}'

  it.each([
    ['in UTF-7', [utf7], inUtf7],
    ['in UTF-7, quoted', ['application/json; CharSet="UTF-7"'], inUtf7],
    ['in the last of two encodings', ['application/json; charset=utf-8; charset=utf-7'], inUtf7],
    ['with two types', [utf7, 'application/json'], inUtf7],
    ['with two types, the other way round', ['application/json', utf7], inUtf7],
    ['as a form', [form], '{"a":"&namespace=staging&"}'],
  ])('%s names no other namespace than was checked', async (_, types, body) => {
    expect(await send(types, body)).toBe(400)
    expect(await send(types, body, '/v1/get/default/k')).toBe(400)
    expect(seen).not.toContain('staging')
  })

  it.each([
    ['in UTF-7', utf7, '+AHsAIg-namespace+ACIAOgAi-staging+ACIAfQ-'],
    ['as a form', form, 'namespace=staging'],
  ])('%s names none beside the one in the path', async (_, type, body) => {
    expect(await send([type], body, '/v1/get/default/k')).toBe(400)
    expect(await send([type], body, '/v1/get/staging/k')).toBe(403)
    expect(seen).not.toContain('staging')
  })

  it.each([utf7, form, `${form}; charset=utf-7`, 'multipart/form-data; boundary=x', 'text/plain', 'application/json'])(
    'is refused for a namespace that its caller may not reach, also as %s',
    async (type) => {
      expect(await send([type], '{"namespace":"staging"}')).toBe(403)
      expect(await send([type], '{"namespace":"staging"}', '/v1/get/default/k')).toBe(403)
    },
  )

  it.each(['application/json; charset=utf-8', 'text/plain;charset=ISO-8859-1', form, 'application/xml'])(
    'passes as %s',
    async (type) => {
      const count = seen.length
      expect(await send([type], '{"namespace":"default","a":"b"}')).toBe(200)
      expect(seen.slice(count)).toEqual(['default'])
    },
  )

  it('is asked for where its sender waits for that, once the key was looked at', async () => {
    const head = 'POST /v1/query HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n'
    expect(await sendRaw(server.edge, `${head}\r\n`)).toMatch(/^HTTP\/1\.1 401 /)
    const told = await sendRaw(server.edge, `${head}X-Api-Key: ${credential}\r\n\r\n{}`)
    expect(told.match(/(?<=HTTP\/1\.1 )\d+/g)).toEqual(['100', '200'])
  })

  it.each([
    ['/v1/query', () => `X-Api-Key: ${credential}`],
    ['/gate/onboard/create', () => `Authorization: Bearer ${serviceKey}`],
  ])('is not asked for where its length alone is too much: %s', async (path, holder) => {
    const fields = `${holder()}\r\nContent-Length: 2000000\r\nExpect: 100-continue`
    const told = await sendRaw(server.edge, `POST ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`)
    expect(told.match(/(?<=HTTP\/1\.1 )\d+/g)).toEqual(['413'])
  })

  it.each([
    ['/v1/query', () => `X-Api-Key: ${credential}`],
    ['/gate/onboard/create', () => `Authorization: Bearer ${serviceKey}`],
  ])('whose sender leaves in the middle of it fills no log: %s', async (path, holder) => {
    const socket = connectTo(server.edge)
    const fields = `${holder()}\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue`
    socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`)
    // It is being read from now on.
    expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 100 /)
    socket.write('{"half":')
    socket.resetAndDestroy()
    await pause(100)
    expect(server.log()).not.toContain('"level":"error"')
  })
})
