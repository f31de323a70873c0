import { hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Contract } from '@keywright/core'
import { policy } from './html.ts'
import { siteOf, zipOf } from './site.ts'

export interface Docs {
  /** Whether a GET or HEAD of this path is the documentation's to answer. */
  takes(path: string): boolean
  handle(request: IncomingMessage, response: ServerResponse, requestId: string): void
}

export interface DocsOptions {
  contract: Contract
  /** Addresses as seen from outside, known once they are bound. */
  edge(): string
  control(): string
}

interface File {
  type: string
  body: Buffer
  tag: string
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
}

/** The documentation of this instance's contract and API. It holds no secret, and anyone may read it. */
export function createDocs({ contract, edge, control }: DocsOptions): Docs {
  let made: ReadonlyMap<string, File> | null = null

  /** When it is first read: until then nobody knows the addresses. */
  function files(): ReadonlyMap<string, File> {
    if (made) return made
    const site = siteOf({ contract, edge: edge(), control: control() })
    const all = new Map<string, File>()
    for (const [path, text] of site) {
      const type = types[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
      all.set(`/${path}`, fileOf(type, Buffer.from(text)))
    }
    all.set('/docs.zip', fileOf('application/zip', Buffer.from(zipOf(site))))
    made = all
    return all
  }

  return {
    takes: (path) => path === '/docs' || path.startsWith('/docs/') || path === '/llms.txt' || path === '/docs.zip',
    handle(request, response, requestId) {
      const path = (request.url ?? '/').replace(/\?.*$/s, '')
      const head = [...everywhere, 'X-Request-Id', requestId]
      if (path === '/docs') {
        response.writeHead(308, [...head, 'Location', '/docs/', 'Content-Length', '0']).end()
        return
      }
      const file = files().get(path === '/docs/' ? '/docs/index.html' : path)
      if (!file) {
        const body = `There is no such page. Begin at ${control()}/docs/\n`
        response
          .writeHead(404, [...head, 'Content-Type', types.txt ?? '', 'Content-Length', String(body.length)])
          .end(body)
        return
      }
      head.push('ETag', file.tag, 'Cache-Control', 'no-cache')
      if (request.headers['if-none-match'] === file.tag) {
        response.writeHead(304, head).end()
        return
      }
      head.push('Content-Type', file.type, 'Content-Length', String(file.body.length))
      response.writeHead(200, head).end(file.body)
    },
  }
}

function fileOf(type: string, body: Buffer): File {
  return { type, body, tag: `"${hash('sha256', body).slice(0, 32)}"` }
}

const everywhere = [
  ...['Content-Security-Policy', `${policy}; frame-ancestors 'none'`],
  ...['X-Content-Type-Options', 'nosniff'],
  ...['Referrer-Policy', 'no-referrer'],
  ...['Cross-Origin-Opener-Policy', 'same-origin'],
  ...['Cross-Origin-Resource-Policy', 'same-origin'],
  ...['Permissions-Policy', 'camera=(), geolocation=(), microphone=()'],
]
