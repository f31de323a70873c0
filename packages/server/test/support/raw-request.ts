import { connect } from 'node:net'

export interface RawAnswer {
  status: number
  /** Lower-case names; repeated ones joined by a comma and a space. */
  headers: Record<string, string>
  body: string
  /** Everything that came, byte for byte (latin1). */
  text: string
}

/** Sends bytes as they are, latin1, and reads until the other side closes or `quietMs` pass without a byte. */
export function sendRaw(url: string, bytes: string, { quietMs = 150 } = {}): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), hostname)
    const done = () => {
      socket.destroy()
      resolve(text)
    }
    socket.setTimeout(5_000)
    socket.on('timeout', done)
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      socket.setTimeout(quietMs)
    })
    socket.on('end', done)
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? done() : reject(error)))
    socket.write(Buffer.from(bytes, 'latin1'))
  })
}

/** One request with just these header lines, beside `Host` and `Connection: close`. */
export async function rawRequest(
  url: string,
  {
    method = 'GET',
    target = '/v1/things',
    lines = [],
    body = '',
  }: {
    method?: string
    target?: string
    lines?: readonly string[]
    body?: string
  },
): Promise<RawAnswer> {
  const head = [`${method} ${target} HTTP/1.1`, `Host: ${new URL(url).host}`, ...lines, 'Connection: close']
  return parseAnswer(await sendRaw(url, `${head.join('\r\n')}\r\n\r\n${body}`))
}

export function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const [statusLine = '', ...fields] = text.slice(0, end).split('\r\n')
  const headers: Record<string, string> = {}
  for (const field of fields) {
    const colon = field.indexOf(':')
    const name = field.slice(0, colon).toLowerCase()
    const value = field.slice(colon + 1).trim()
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value
  }
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, body: text.slice(end + 4), text }
}
