import { Agent, request as requestHttp } from 'node:http'
import { request as requestHttps, Agent as SecureAgent } from 'node:https'
import { KeywrightError, TimeoutError } from '@keywright/client'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { below } from '../address.ts'
import { CliError, exitCodes, noAnswerHint, usageError } from '../failure.ts'
import { facts } from '../print/table.ts'
import { print, printJson } from '../print/terminal.ts'
import { readWithin } from '../read.ts'
import { answerWithinMs, connectAnonymously, controlUrl, credential } from '../session.ts'

interface Options {
  duration: number
  connections: number
  json?: true
}

interface Measured {
  requests: number
  seconds: number
  perSecond: number
  allowed: number
  /** By reason, or by status where there was no verdict. */
  refused: Record<string, number>
  /** Milliseconds. */
  latency: { p50: number; p90: number; p99: number; max: number }
}

export function defineBench(bench: Command): void {
  bench
    .addOption(
      new Option('--duration <duration>', 'how long, at most 1m')
        .argParser((text) => readWithin('1m', text))
        .default(5, '5s'),
    )
    .option('--connections <count>', 'how many at once, 1 to 100', readConnections, 10)
    .option('--json', 'print the figures as JSON')
    .addHelpText(
      'after',
      '\nAsks POST /v1/verify for the key in the variable that the contract names, such as KEYWRIGHT_API_KEY. Where there\nis none, for a text that is no key: that is refused without a look-up. A limit of the key shows as refusals. Every verdict\nis recorded as one for a caller, and takes the place of older ones in `keywright decisions`.',
    )
    .action(async ({ duration, connections, json }: Options) => {
      const serviceKey = credential()
      if (serviceKey === null)
        throw new CliError('You are not signed in.', 'Set KEYWRIGHT_SERVICE_KEY.', exitCodes.notSignedIn)
      const { docs } = await connectAnonymously().contract()
      const body = JSON.stringify({ credential: process.env[docs.variable] || 'nobody-has-this-key' })
      const measured = await measure({ serviceKey, body, seconds: duration, connections })
      if (json) return printJson(measured)
      print(summary(measured))
    })
}

function readConnections(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text) && Number(text) <= 100) return Number(text)
  throw new InvalidArgumentError('Write a whole number from 1 to 100.')
}

async function measure({
  serviceKey,
  body,
  seconds,
  connections,
}: {
  serviceKey: string
  body: string
  seconds: number
  connections: number
}): Promise<Measured> {
  const url = below(controlUrl(), '/v1/verify')
  const secure = url.protocol === 'https:'
  const agent = new (secure ? SecureAgent : Agent)({ keepAlive: true, maxSockets: connections })
  const headers = { authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json' }
  const timeout = answerWithinMs()
  const options = { method: 'POST', agent, headers, timeout }
  const ask = () =>
    new Promise<string>((resolve, reject) => {
      const call = (secure ? requestHttps : requestHttp)(url, options, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => {
          text += chunk
        })
        // An answer that is cut off in its body is an error of the answer alone.
        response.on('error', reject)
        response.on('end', () => {
          const verdict = verdictOf(response.statusCode ?? 0, text)
          if (verdict !== null) resolve(verdict)
          else reject(new KeywrightError('unreadable_answer', 'The answer is no verdict. Is the address right?'))
        })
      })
      call.on('timeout', () => call.destroy(new TimeoutError(url.origin, timeout)))
      call.on('error', reject)
      // Of an answer for another protocol, 101, nothing else is told.
      call.on('close', () => reject(new Error('The connection ended without an answer.')))
      call.end(body)
    })

  const latencies: number[] = []
  const counts: Record<string, number> = {}
  // Connections are opened, and whatever is read first is read, before anything is measured.
  let start = 0
  const one = async () => {
    while (performance.now() < start + seconds * 1000) {
      const asked = performance.now()
      const verdict = await ask()
      latencies.push(performance.now() - asked)
      counts[verdict] = (counts[verdict] ?? 0) + 1
    }
  }
  try {
    const first = await ask()
    if (/^\d/.test(first)) throw refused(url, first)
    await Promise.all(Array.from({ length: connections }, ask))
    start = performance.now()
    await Promise.all(Array.from({ length: connections }, one))
  } catch (error) {
    throw unreachable(error)
  } finally {
    agent.destroy()
  }
  return figures(latencies, counts, (performance.now() - start) / 1000)
}

/** null: what answers is not Keywright. */
function verdictOf(status: number, text: string): string | null {
  if (status !== 200) return String(status)
  try {
    const { allowed, reason } = JSON.parse(text) as { allowed?: unknown; reason?: unknown }
    if (typeof allowed !== 'boolean') return null
    return allowed ? 'allowed' : String(reason ?? 'refused')
  } catch {
    return null
  }
}

function refused(url: URL, status: string): CliError {
  const lacks = status === '401' || status === '403'
  return usageError(`${url} answers ${status}.`, lacks ? 'Use a service key with the permission `verify`.' : null)
}

function figures(latencies: number[], counts: Record<string, number>, seconds: number): Measured {
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number) => rounded(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
  const { allowed = 0, ...refused } = counts
  return {
    requests: sorted.length,
    seconds: rounded(seconds),
    perSecond: Math.round(sorted.length / seconds),
    allowed,
    refused,
    latency: { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: rounded(sorted.at(-1) ?? 0) },
  }
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}

function summary({ requests, seconds, perSecond, allowed, refused, latency }: Measured): string {
  const { p50, p90, p99, max } = latency
  return facts([
    ['requests', `${requests} in ${seconds} s`],
    ['a second', String(perSecond)],
    ['latency', `median ${p50} ms, 90 % ${p90} ms, 99 % ${p99} ms, longest ${max} ms`],
    ['allowed', String(allowed)],
    ...Object.entries(refused).map(([reason, count]) => [reason, String(count)] as const),
  ])
}

function unreachable(error: unknown): Error {
  if (error instanceof KeywrightError || error instanceof CliError) return error
  const { code } = error as { code?: string }
  return new CliError(`No answer from ${controlUrl()} (${code ?? 'the connection ended'}).`, noAnswerHint)
}
