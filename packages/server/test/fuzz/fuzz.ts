import { startUpstream } from '../support/echo-upstream.ts'
import type { Page } from '../support/pages.ts'
import { startServer } from '../support/start-server.ts'
import { answersTo, isHang } from './connection.ts'
import { createRandom } from './random.ts'
import { fuzzedRequest } from './request.ts'

export interface FuzzReport {
  requests: number
  /** How often each status was answered. */
  statuses: Record<string, number>
  /** What must never be, each with the bytes that brought it about. */
  faults: { what: string; sent: string; got: string }[]
}

const atOnce = 48
const mostFaults = 20

/** Sends requests made from a seed to a started server, and looks for what must never be. */
export async function fuzz(page: Page, { seed, requests }: { seed: number; requests: number }): Promise<FuzzReport> {
  const random = createRandom(seed)
  const report: FuzzReport = { requests: 0, statuses: {}, faults: [] }
  const arrivals = new Map<number, number>()
  let keyId = ''
  const upstream = await startUpstream((request, response) => {
    request.resume()
    const heard = { ...request.headers }
    arrivals.set(Number(heard['x-case']), (arrivals.get(Number(heard['x-case'])) ?? 0) + 1)
    const sent = `${request.method} ${request.url} ${JSON.stringify(request.rawHeaders)}`
    if (heard['x-key-id'] !== keyId) fault('a request reached the upstream without its key', sent, '')
    if (request.url === '/smuggled') fault('a body became a request', sent, '')
    for (const name of ['authorization', 'x-api-key']) if (heard[name]) fault(`${name} was forwarded`, sent, '')
    response.setHeader('x-from-upstream', 'yes')
    response.end('{}')
  })
  const server = await startServer({ contract: page.contract, upstream: upstream.url, trustedProxy: ['127.0.0.1'] })
  const canary = await server.issue({ limits: [] })
  keyId = canary.key.id
  const revoked = await server.issueElsewhere()
  await server.revoke(revoked.key.id)
  const { credential: unknown } = server.lifecycle.format.mint(revoked.key)
  const strangers = [revoked.credential, unknown, 'nonsense', 'kwo_nobody', 'kwc_nobody']
  const ingredients = { page, canary: canary.credential, strangers }
  const url = new URL(server.edge)

  function fault(what: string, sent: string, got: string): void {
    if (report.faults.length < mostFaults) report.faults.push({ what, sent, got })
  }

  async function sendOne(): Promise<void> {
    const number = report.requests
    const made = [fuzzedRequest(ingredients, random, number)]
    if (random.chance(0.1)) made.push(fuzzedRequest(ingredients, random, number))
    report.requests += made.length
    const text = made.map((request) => request.text).join('')
    const isMutated = made.some((request) => request.isMutated)
    const { statuses, fromUpstream, ms, text: got } = await answersTo(url, text, { owed: isMutated ? 0 : 1 })
    for (const status of statuses) {
      report.statuses[status] = (report.statuses[status] ?? 0) + 1
      if (status >= 500) fault(`${status}`, text, got)
    }
    if (!isMutated && isHang(ms)) fault('no answer within five seconds', text, got)
    if (fromUpstream > 0 && !text.includes(canary.credential)) fault('let through without a key', text, got)
    // A refused request that arrived all the same; what was cut off by us has no answer.
    const arrived = arrivals.get(number) ?? 0
    arrivals.delete(number)
    if (!isMutated && statuses.length >= made.length && arrived > fromUpstream) {
      fault('refused, and forwarded', text, got)
    }
  }

  async function work(): Promise<void> {
    while (report.requests < requests && report.faults.length < mostFaults) await sendOne()
  }

  try {
    await Promise.all(Array.from({ length: atOnce }, work))
    const alive = await fetch(`${server.edge}/health`)
    if (alive.status !== 200) fault('the server is no longer well', '', await alive.text())
    if (server.log().includes('"level":"error"')) fault('an error was logged', '', server.log().slice(-2_000))
  } finally {
    await server.stop()
    await upstream.stop()
  }
  return report
}
