import { once } from 'node:events'
import { connectTo } from './connect-to.ts'
import { parseAnswer, type RawAnswer } from './raw-request.ts'

export interface HeldBody {
  send(): Promise<RawAnswer>
}

/** A request whose head the server has taken, and whose body comes when it is told to. */
export async function holdBody(
  url: string,
  {
    method = 'POST',
    target,
    lines,
    body,
  }: { method?: string; target: string; lines: readonly string[]; body: unknown },
): Promise<HeldBody> {
  const bytes = JSON.stringify(body)
  const { host } = new URL(url)
  const socket = connectTo(url)
  const length = Buffer.byteLength(bytes)
  const own = [`Host: ${host}`, 'Content-Type: application/json', `Content-Length: ${length}`, 'Expect: 100-continue']
  socket.write([`${method} ${target} HTTP/1.1`, ...own, ...lines, '', ''].join('\r\n'))
  const [first] = (await once(socket, 'data')) as [Buffer]
  if (!first.toString().startsWith('HTTP/1.1 100 ')) throw new Error(`The body was not asked for: ${first}`)
  return {
    async send() {
      socket.write(bytes)
      const chunks: Buffer[] = []
      for await (const chunk of socket) chunks.push(chunk as Buffer)
      return parseAnswer(Buffer.concat(chunks).toString())
    },
  }
}
