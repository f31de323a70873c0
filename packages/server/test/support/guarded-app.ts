import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Verifier } from '@keywright/core'
import { guard as guardExpress } from '@keywright/core/express'
import { guard as guardFastify } from '@keywright/core/fastify'
import { guard as guardHono } from '@keywright/core/hono'
import { guard as guardNode } from '@keywright/core/node'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'

/** An API that gives every body back, behind the guard of one framework. */
export interface GuardedApp {
  url: string
  close(): Promise<void>
}

async function listening(listener: RequestListener): Promise<GuardedApp> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: urlOf(server), close: () => closed(server) }
}

export function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

export async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

export const guardedApps: Record<string, (verifier: Verifier) => Promise<GuardedApp>> = {
  'node:http': (verifier) =>
    listening(guardNode(verifier)(async (request, response) => void response.end(await bytesOf(request)))),

  Express(verifier) {
    const app = express()
    app.disable('x-powered-by')
    app.set('case sensitive routing', true)
    app.set('strict routing', true)
    app.use(guardExpress(verifier))
    app.use(express.text({ type: '*/*', limit: '1mb' }))
    app.use((request, response) => void response.send(typeof request.body === 'string' ? request.body : ''))
    return listening(app)
  },

  async Fastify(verifier) {
    const app = fastify()
    app.addHook('onRequest', guardFastify(verifier))
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body))
    app.all('/*', (request, reply) => reply.send(request.body ?? ''))
    await app.listen({ port: 0, host: '127.0.0.1' })
    return { url: urlOf(app.server), close: () => app.close() }
  },

  Hono(verifier) {
    const app = new Hono()
    app.use(guardHono(verifier))
    app.all('*', async (context) => context.body(await context.req.text()))
    return listening(getRequestListener(app.fetch, { overrideGlobalObjects: false }))
  },
}
