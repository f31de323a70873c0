import { keywright } from '@keywright/contracts'
import { compileFormat, createDigester, createMemoryStore, createVerifier, type Store } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { createCliTokens } from '../../src/access/cli-tokens.ts'
import { mintServiceKey } from '../../src/access/service-key-format.ts'
import { createServiceKeys } from '../../src/access/service-keys.ts'
import { createControl } from '../../src/control/app.ts'
import { serviceKey } from '../support/start-server.ts'

const canary = 'SELECT canary FROM /var/lib/keywright.db'

/** The control side over a database of which every call fails like that. */
function overBroken(code: string) {
  const broken = new Proxy(createMemoryStore(), {
    get: (store, name) =>
      name in store ? () => Promise.reject(Object.assign(new Error(canary), { code })) : undefined,
  }) as Store
  const lines: string[] = []
  const digester = createDigester()
  const control = createControl({
    lifecycle: {
      ...{ contract: keywright, format: compileFormat(keywright.key), digester, store: broken },
      now: () => new Date(),
    },
    verifier: createVerifier({ contract: keywright, keys: broken }),
    serviceKeys: createServiceKeys({ store: broken, configured: serviceKey, digester }),
    cliTokens: createCliTokens({ store: broken, use: { touch: async () => {} }, digester, now: () => new Date() }),
    signIn: null,
    stripe: null,
    checkout: null,
    edge: () => 'http://127.0.0.1:8787',
    revocationSeconds: 0,
    usage: broken as never,
    calls: {
      claim: () => broken.head() as never,
      holds: async () => true,
      finish: async () => {},
      release: async () => {},
      abandon: async () => {},
    },
    hasCredential: () => false,
    nodes: broken as never,
    logger: { error: (message, facts) => void lines.push(`${message} ${JSON.stringify(facts)} ${facts?.error}`) },
  })
  const ask = (method: string, path: string, headers = {}) =>
    control.fetch(
      new Request(`http://localhost${path}`, {
        method,
        headers: { authorization: `Bearer ${serviceKey}`, 'x-request-id': 'r1', ...headers },
      }),
      { peer: '127.0.0.1' },
    )
  return { ask, lines }
}

describe('a database that', () => {
  it.each([
    'SQLITE_BUSY',
    'SQLITE_FULL',
    'SQLITE_IOERR_WRITE',
    'database_unreachable',
    'stale',
    '57P01',
    '08006',
    '40P01',
    '25006',
    '25P03',
    '25P04',
    '28P01',
    '3D000',
    '55000',
    '42501',
    'XX001',
    'database_replaced',
  ])('is away (%s) is 503 with a time to come back', async (code) => {
    const { ask, lines } = overBroken(code)
    const response = await ask('GET', '/v1/keys')
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await response.json()).toMatchObject({ code: 'unavailable', requestId: 'r1' })
    expect(lines).toHaveLength(1)
    // Whoever polls would fill the log with what it says already.
    expect((await ask('GET', '/v1/organizations')).status).toBe(503)
    expect(lines).toHaveLength(1)
  })

  it.each([
    ['GET', '/v1/organizations'],
    ['POST', '/v1/keys/key_x/revoke'],
    ['DELETE', '/v1/keys/key_x'],
    ['GET', '/v1/audit'],
    ['GET', '/v1/receipts/1.0000000000000000'],
  ])('fails in a way nobody thought of is 500 on %s %s, and tells the log alone', async (method, path) => {
    const { ask, lines } = overBroken('SURPRISE')
    for (const headers of [{}, method === 'POST' ? { 'idempotency-key': 'k' } : {}]) {
      const response = await ask(method, path, headers)
      const text = await response.text()
      expect([response.status, JSON.parse(text).code]).toEqual([500, 'internal_error'])
      expect(text).not.toContain('canary')
      expect(lines.at(-1)).toContain('canary')
      expect(lines.at(-1)).toContain('r1')
    }
  })

  it('cannot say whether a service key is known never lets it in, nor calls it wrong', async () => {
    const { ask } = overBroken('SQLITE_IOERR')
    const response = await ask('GET', '/v1/keys', { authorization: `Bearer ${mintServiceKey().credential}` })
    expect(response.status).toBe(503)
  })
})
