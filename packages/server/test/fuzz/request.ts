import { readFileSync } from 'node:fs'
import type { Page } from '../support/pages.ts'
import type { Random } from './random.ts'

const targets = JSON.parse(
  readFileSync(new URL('../../../../spec/attacks/targets.json', import.meta.url), 'utf8'),
) as Record<'accepted' | 'refused', { target: string }[]>
const vectors = [...targets.accepted, ...targets.refused].map(({ target }) => Buffer.from(target).toString('latin1'))

export interface Ingredients {
  page: Page
  /** A key that works, one that was never issued, and one that was revoked. */
  canary: string
  strangers: readonly string[]
}

export interface FuzzedRequest {
  /** latin1 */
  text: string
  /** The server may rightly wait for more, or take it for something else than it was made as. */
  isMutated: boolean
}

const methods = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const oddMethods = ['TRACE', 'CONNECT', 'PROPFIND', 'get', 'G\tET', 'GET\x00', 'PRI', '']
const ownPaths = [
  '/health',
  '/gate/onboard/status',
  '/gate/admin/usage/acme',
  '/gate/admin/tenants',
  '/api/v0/keys',
  '/api/v0/projects',
  '/v1/get/default/a',
  '/v1/put/default',
  '/v1/query',
  '/v1/sandboxes/1',
]
const bodies = [
  '{}',
  '{"namespace":"default","value":1}',
  '{"namespace":"default","namespace":"other"}',
  '{"namesp\\u0061ce":"other"}',
  '{"namespace":["default"]}',
  '{"__proto__":{"namespace":"default"}}',
  `${'['.repeat(2_000)}`,
  '{"namespace":"default"',
  '\xff\xfe{"namespace":"default"}',
  'a'.repeat(5_000),
  'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
  '',
]
const extras = [
  'X-Key-Id: key_spoofed',
  'X_Key_Id: key_spoofed',
  'X-Organization-Id: spoofed',
  'X-Permissions: *',
  'Connection: X-Key-Id, close',
  'Connection: keep-alive, X-Organization-Id',
  'X-Forwarded-Host: evil.example',
  'Forwarded: for=1.2.3.4;host=evil.example',
  'X-Original-URI: /admin',
  'X-HTTP-Method-Override: DELETE',
  'Expect: 100-continue',
  'Expect: nonsense',
  'Upgrade: websocket\r\nConnection: Upgrade',
  'Cookie: keywright.session=a; b=c',
  'Content-Type: application/json',
  'Content-Encoding: gzip',
  'X-Request-Id: a b\x01',
  'TE: trailers',
  'Range: bytes=0-',
  'X-Long: '.padEnd(9_000, 'a'),
  'X-Longer: '.padEnd(17_000, 'a'),
]
const framings = [
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding:\tchunked\r\nContent-Length: 3',
  'Content-Length: 3\r\nContent-Length: 4',
  'Content-Length: +3',
  'Content-Length: 0x3',
  'Content-Length: 99999999999999999999',
  'Content-Length: 3, 3',
]
const hosts = ['Host: a', 'Host: x/#@y', 'Host: a\r\nHost: b', 'Host:', '', 'Host: [::1]:80', 'Host: a b']

/** One request, more or less; the same for the same choices of `random`. */
export function fuzzedRequest({ page, canary, strangers }: Ingredients, random: Random, number: number): FuzzedRequest {
  const method = random.chance(0.05) ? random.pick(oddMethods) : random.pick(methods)
  const lines = [`X-Case: ${number}`, `X-Forwarded-For: 10.${random.number(256)}.${random.number(256)}.1`]
  lines.push(random.chance(0.05) ? random.pick(hosts) : 'Host: api.example.com')
  lines.push(...credentialLines(page, canary, strangers, random))
  if (random.chance(0.8)) lines.push('Connection: close')
  while (random.chance(0.3)) lines.push(random.pick(extras))
  const hasOddFraming = random.chance(0.05)
  let body = random.chance(0.4) ? random.pick(bodies) : ''
  if (hasOddFraming) lines.push(random.pick(framings))
  else if (random.chance(0.3)) {
    lines.push('Transfer-Encoding: chunked')
    body = `${chunked(body, random)}0\r\n\r\n`
  } else if (body !== '' || random.chance(0.2)) lines.push(`Content-Length: ${body.length}`)
  const fields = lines.filter((line) => line !== '')
  const text = `${method} ${targetOf(page, random, canary)} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${body}`
  const isMutated = random.chance(0.25)
  return { text: isMutated ? mutated(text, random) : text, isMutated: isMutated || hasOddFraming }
}

function targetOf({ path }: Page, random: Random, canary: string): string {
  if (random.chance(0.5)) return path
  if (random.chance(0.3)) return random.pick(ownPaths)
  if (random.chance(0.3)) return `${path}?api_key=${random.chance(0.5) ? canary : 'a'}&${random.pick(vectors)}`
  return random.chance(0.5) ? random.pick(vectors) : `${path}${random.pick(vectors)}`
}

function credentialLines({ ways }: Page, canary: string, strangers: readonly string[], random: Random): string[] {
  const lines: string[] = []
  const count = random.pick([0, 1, 1, 1, 1, 1, 2])
  for (let i = 0; i < count; i++) {
    const { header, scheme } = random.pick(ways)
    const name = random.chance(0.2)
      ? random.pick([header.toLowerCase(), header.toUpperCase(), 'X_Api_Key', 'Cookie'])
      : header
    lines.push(
      `${name}: ${random.chance(0.9) ? scheme : 'Basic'}${random.pick([' ', ' ', ' ', '  ', '\t', ''])}${secret()}`,
    )
  }
  return lines

  function secret(): string {
    const whole = random.chance(0.6) ? canary : random.pick(strangers)
    if (random.chance(0.7)) return whole
    return random.pick([
      mutated(whole, random),
      whole.slice(0, random.number(whole.length)),
      `${whole}, ${whole}`,
      whole.toUpperCase(),
      `"${whole}"`,
      whole.repeat(random.number(60)),
      '',
    ])
  }
}

function chunked(body: string, random: Random): string {
  if (body === '') return ''
  const cut = random.number(body.length) + 1
  const parts = [body.slice(0, cut), body.slice(cut)].filter((part) => part !== '')
  return parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')
}

function mutated(text: string, random: Random): string {
  let result = text
  do {
    const at = random.number(result.length + 1)
    const to = at + random.number(8)
    const middle = random.pick([
      '',
      String.fromCharCode(random.number(256)),
      result.slice(at, to).repeat(2),
      result.slice(at, to).toUpperCase(),
      '\r\n',
      '\n',
      '\x00',
      ' ',
      '%2e%2e/',
    ])
    result = result.slice(0, at) + middle + result.slice(to)
  } while (random.chance(0.4))
  return result
}
