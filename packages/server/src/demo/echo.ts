import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

const mostBytes = 64 * 1024

export interface Echo {
  url: URL
  close: () => void
}

/** An API that answers with what it was asked, so that one can see what Keywright makes of a request. */
export async function startEcho(): Promise<Echo> {
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request
    const answer = { method, path: url, headers, body: await beginningOf(request) }
    response.setHeader('Content-Type', 'application/json')
    response.end(`${JSON.stringify(answer, null, 2)}\n`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function beginningOf(request: IncomingMessage): Promise<string> {
  let body = ''
  request.setEncoding('utf8')
  try {
    for await (const chunk of request) if (body.length < mostBytes) body += chunk
  } catch {
    // Whoever gave up sending does not wait for an answer either.
  }
  return body.slice(0, mostBytes)
}
