import { hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { type ConsoleFile, readConsoleFiles } from './files.ts'

export interface Console {
  /** Whether a GET or HEAD of this path is the console's to answer. */
  takes(path: string, request: IncomingMessage): boolean
  handle(request: IncomingMessage, response: ServerResponse, requestId: string): void
}

// The same place from the sources and from the build.
const builtFiles = fileURLToPath(new URL('../../dist/web/', import.meta.url))

/** What a page of ours may do: run and show what this origin serves, and talk to this origin. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "object-src 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const everywhere = [
  ...['X-Content-Type-Options', 'nosniff'],
  ...['Referrer-Policy', 'no-referrer'],
  ...['Cross-Origin-Opener-Policy', 'same-origin'],
  ...['Permissions-Policy', 'camera=(), geolocation=(), microphone=()'],
]

const notBuilt = 'The console is not built. Run `npm run build` in the checkout and start again.\n'

/** What a page of somebody else's loads to show ours in a frame. */
const element = '/element.js'

/** Paths that are never a page, whoever asks. */
const elsewhere = /^\/(v1|api|docs)(\/|$)|\.[a-z0-9]+$/

export interface ConsoleOptions {
  /** Reached by people over HTTPS: browsers are told to come in no other way, for a year. */
  isHttps: boolean
  /** Origins whose pages may show ours in a frame. */
  embedOrigins: readonly string[]
}

/** The console's files, from memory; what is no file and asked for by a browser is one of its pages. */
export function createConsole({ isHttps, embedOrigins }: ConsoleOptions): Console {
  const files = readConsoleFiles(builtFiles)
  const page = files.get('/index.html')
  const framedBy = embedOrigins.length > 0 ? embedOrigins.join(' ') : "'none'"
  const always = [
    ...everywhere,
    ...['Content-Security-Policy', `${policy}; frame-ancestors ${framedBy}`],
    ...(isHttps ? ['Strict-Transport-Security', 'max-age=31536000'] : []),
  ]
  const tags = new Map([...files].map(([path, { plain }]) => [path, `"${hash('sha256', plain).slice(0, 32)}"`]))

  return {
    takes(path, { headers }) {
      if (path === '/' || files.has(path)) return true
      return !elsewhere.test(path) && (headers.accept ?? '').includes('text/html')
    },
    handle(request, response, requestId) {
      const path = (request.url ?? '/').replace(/\?.*$/s, '')
      const file = files.get(path) ?? page
      if (!file) {
        const head = [...always, 'X-Request-Id', requestId, 'Content-Type', 'text/plain; charset=utf-8']
        response.writeHead(503, head).end(notBuilt)
        return
      }
      const tag = tags.get(files.has(path) ? path : '/index.html') ?? ''
      const caching = file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache'
      const head = [...always, 'X-Request-Id', requestId, 'Cache-Control', caching, 'ETag', tag]
      head.push('Vary', 'Accept-Encoding')
      head.push('Cross-Origin-Resource-Policy', path === element ? 'cross-origin' : 'same-origin')
      if (request.headers['if-none-match'] === tag) {
        response.writeHead(304, head).end()
        return
      }
      const { body, coding } = encoded(file, request.headers['accept-encoding'] ?? '')
      if (coding !== null) head.push('Content-Encoding', coding)
      response.writeHead(200, [...head, 'Content-Type', file.type, 'Content-Length', String(body.length)]).end(body)
    },
  }
}

function encoded({ encoded, plain }: ConsoleFile, accepted: string): { body: Buffer; coding: string | null } {
  const codings = accepted.split(',').map((coding) => coding.trim())
  for (const coding of ['br', 'gzip'] as const) {
    const body = encoded[coding]
    if (body && codings.includes(coding)) return { body, coding }
  }
  return { body: plain, coding: null }
}
