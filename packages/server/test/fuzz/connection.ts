import { connect } from 'node:net'

export interface Answers {
  statuses: number[]
  /** Of those that the upstream gave. */
  fromUpstream: number
  /** Until the first byte of the last of them; null where nothing came. */
  ms: number | null
  text: string
}

/** Silence after which nothing more is expected; where an answer is owed, so long that it would be a hang. */
const quietMs = 40
const hangMs = 5_000

/** Sends bytes (latin1) on a connection of their own, and reads what comes until it is closed or quiet. */
export function answersTo(url: URL, text: string, { owed }: { owed: number }): Promise<Answers> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now()
    const socket = connect(Number(url.port), url.hostname)
    let received = ''
    let latestMs: number | null = null
    const done = () => {
      socket.destroy()
      const statuses = [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
      const fromUpstream = received.split('x-from-upstream: yes').length - 1
      resolve({ statuses: statuses.filter((status) => status !== 100), fromUpstream, ms: latestMs, text: received })
    }
    let heads = 0
    socket.setTimeout(owed > 0 ? hangMs * 2 : quietMs)
    socket.on('timeout', done)
    socket.on('close', done)
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      latestMs = performance.now() - startMs
      heads = received.split('HTTP/1.1 ').length - 1
      if (heads >= owed) socket.setTimeout(quietMs)
    })
    socket.write(Buffer.from(text, 'latin1'))
  })
}

export function isHang(ms: number | null): boolean {
  return ms === null || ms > hangMs
}
