import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

/** A request as the upstream got it. */
interface Received {
  method: string
  url: string
  /** Name, value, name, value, … */
  rawHeaders: string[]
  body: string
}

export interface Upstream {
  url: string
  server: Server
  received: Received[]
  /** Every value that the last request had under this name, or a twin of it that some servers take for it. */
  lastHeader: (name: string) => string[]
  stop: () => Promise<void>
}

/** A real server that answers 200 with what it got, unless `answer` does. */
export async function startUpstream(
  answer?: RequestListener,
  onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
): Promise<Upstream> {
  const received: Received[] = []
  const server = createServer({ maxHeaderSize: 64 * 1024 }, async (request, response) => {
    if (answer) {
      answer(request, response)
      return
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const got = {
      method: request.method ?? '',
      url: request.url ?? '',
      rawHeaders: request.rawHeaders,
      body: Buffer.concat(chunks).toString('latin1'),
    }
    received.push(got)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(got))
  })
  server.keepAliveTimeout = 60_000
  if (onUpgrade) server.on('upgrade', onUpgrade)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    received,
    lastHeader(name) {
      const headers = received.at(-1)?.rawHeaders ?? []
      const folded = fold(name)
      return headers.filter((_, i) => i % 2 === 1 && fold(headers[i - 1] ?? '') === folded)
    },
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}
