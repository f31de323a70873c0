/**
 * What a request costs the process that answers it: forward-auth and the verify endpoint beside a bare `node:http`,
 * the gateway beside a bare proxy. Each serves in a process of its own, and tells its processor time, which other
 * load on the machine does not change much. `node --conditions=keywright-source bench/http.ts [requests]`
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import type { Started } from './http/serve.ts'
import { median, report } from './measure.ts'

const requests = Number(process.argv[2] ?? 20_000)
const rounds = 5
const connections = 32

const answer = Buffer.alloc(1024, 'a')
const upstream = createServer((_, response) => response.writeHead(200, { 'content-length': 1024 }).end(answer))
await once(upstream.listen(0, '127.0.0.1'), 'listening')
const upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`

const children: ChildProcess[] = []
async function start(kind: string): Promise<{ child: ChildProcess; started: Started }> {
  const child = fork(new URL('./http/serve.ts', import.meta.url), [kind, upstreamUrl], {
    execArgv: ['--conditions=keywright-source'],
  })
  children.push(child)
  const [started] = (await once(child, 'message')) as [Started]
  return { child, started }
}

const bare = await start('bare')
const proxy = await start('proxy')
const keywright = await start('keywright')
const { edge = '', control = '', credential = '', serviceKey = '' } = keywright.started

interface Contender {
  child: ChildProcess
  url: string
  request: { method: 'GET' | 'POST'; path: string; headers: Record<string, string>; body?: string }
}

const key = { authorization: `Bearer ${credential}` }
const get = { method: 'GET', path: '/v1/things/7', headers: key } as const
const asked = JSON.stringify({ credential, method: 'GET', path: '/v1/things/7' })
const json = { 'content-type': 'application/json', authorization: `Bearer ${serviceKey}` }
const post = { method: 'POST', path: '/v1/verify', headers: json, body: asked } as const
const original = { 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/v1/things/7' }
const ask = { method: 'GET', path: '/v1/forward-auth', headers: { ...key, ...original } } as const

const contenders: Record<string, Contender> = {
  'bare node:http, fixed answer': { child: bare.child, url: bare.started.url, request: ask },
  'forward-auth': { child: keywright.child, url: control, request: ask },
  'bare node:http, the same JSON': { child: bare.child, url: bare.started.url, request: post },
  'POST /v1/verify': { child: keywright.child, url: control, request: post },
  'bare undici proxy, 1 kB': { child: proxy.child, url: proxy.started.url, request: get },
  'gateway, 1 kB': { child: keywright.child, url: edge, request: get },
}

/** Microseconds of processor time a request. */
async function round({ child, url, request }: Contender): Promise<number> {
  const pool = new Pool(url, { connections })
  const ask = async () => {
    const { statusCode, body } = await pool.request(request)
    await body.dump()
    if (statusCode !== 200) throw new Error(`${request.path} was answered ${statusCode}.`)
  }
  const before = await cpuOf(child)
  const each = Math.ceil(requests / connections)
  const work = async () => {
    for (let i = 0; i < each; i++) await ask()
  }
  await Promise.all(Array.from({ length: connections }, work))
  const used = (await cpuOf(child)) - before
  await pool.close()
  return used / (each * connections)
}

async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('cpu')
  const [cpu] = (await once(child, 'message')) as [number]
  return cpu
}

// A loader that falls asleep has each answer pay for waking it, and it sleeps only beside a server slower than itself.
let isLoading = true
const stayAwake = () => {
  if (isLoading) setImmediate(stayAwake)
}
stayAwake()

const times = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]))
for (let number = -1; number < rounds; number++) {
  for (const [name, contender] of Object.entries(contenders)) {
    const time = await round(contender)
    if (number >= 0) times.get(name)?.push(time)
  }
}
isLoading = false
for (const child of children) child.kill()
upstream.close()
upstream.closeAllConnections()

const of = (name: string) => median(times.get(name) ?? [])
report(
  'processor time a request',
  [...times.keys()].map((name) => [name, `${of(name).toFixed(1)} µs`]),
)
const ratios: [name: string, floor: string, least: number][] = [
  ['forward-auth', 'bare node:http, fixed answer', 0.75],
  ['POST /v1/verify', 'bare node:http, the same JSON', 0.7],
  ['gateway, 1 kB', 'bare undici proxy, 1 kB', 0.75],
]
report(
  'of what the bare one does in that time',
  ratios.map(([name, floor, least]) => [name, `${(of(floor) / of(name)).toFixed(2)} (to reach: ${least.toFixed(2)})`]),
)
