/**
 * One warm verification in process, the full line (extract, checksum, digest, state, reach, two limits, principal),
 * beside its floor. `node --expose-gc --conditions=keywright-source bench/verify.ts [keys …]`
 */

import { keywright } from '@keywright/contracts'
import {
  type Contract,
  compileFormat,
  createDigester,
  createVerifier,
  type FoundKey,
  type KeySource,
  type Outcome,
  parseContract,
} from '@keywright/core'
import { createFloor } from './floor.ts'
import { interleaved, report } from './measure.ts'

const calls = 200_000
const sizes = process.argv.slice(2).map(Number)
const contract: Contract = parseContract({
  ...keywright,
  limits: [
    { requests: 1_000_000, windowSeconds: 60, per: 'key', kind: 'window' },
    { requests: 1_000_000_000, windowSeconds: 60, per: 'organization', kind: 'bucket' },
  ],
  routes: [{ path: '/v1/items/**', permission: { read: 'items:read', write: 'items:write' } }],
})
const format = compileFormat(contract.key)
const digester = createDigester()

async function measure(size: number): Promise<void> {
  const credentials = Array.from(
    { length: size },
    () => format.mint({ kind: 'secret', environment: 'live' }).credential,
  )
  const order = Int32Array.from({ length: calls }, () => Math.floor(Math.random() * size))
  const floor = createFloor(credentials)
  const resident = residentMegabytes()
  const { verifier, source } = await warm(credentials)
  const bytes = residentMegabytes() - resident
  source.closed = true

  const headersOf = credentials.map((credential) => credential)
  let refused = 0
  const check = (outcome: Outcome | Promise<Outcome>) => {
    if (outcome instanceof Promise || !outcome.allowed) refused++
  }
  const raw = ['Host', 'api.example.com', 'User-Agent', 'bench', 'Accept', '*/*', 'Authorization', '']
  const wrong = credentials
    .slice(0, 1000)
    .map((credential) => `${credential.slice(0, -1)}${credential.endsWith('0') ? '1' : '0'}`)

  const times = interleaved(
    {
      floor() {
        for (let call = 0; call < calls; call++) {
          const credential = `Bearer ${headersOf[order[call] as number]}`.slice(7)
          if (!floor(credential)) refused++
        }
      },
      full() {
        for (let call = 0; call < calls; call++) {
          raw[7] = `Bearer ${headersOf[order[call] as number]}`
          check(verifier.verify({ headers: raw, method: 'GET', path: '/v1/items/42' }))
        }
      },
      malformed() {
        for (let call = 0; call < calls; call++) {
          raw[7] = `Bearer ${wrong[call % 1000]}`
          const outcome = verifier.verify({ headers: raw, method: 'GET', path: '/v1/items/42' }) as Outcome
          if (outcome.allowed) throw new Error('A key with a wrong checksum was let through.')
        }
      },
    },
    calls,
  )
  if (refused > 0) throw new Error(`${refused} of the attempts were refused: nothing was measured.`)
  const { floor: least = Number.NaN, full = Number.NaN, malformed = Number.NaN } = times
  report(`${size.toLocaleString('en')} keys`, [
    ['floor: digest, flat table, one token', `${least.toFixed(0)} ns`],
    ['full verification, warm', `${full.toFixed(0)} ns   ${(full / least).toFixed(2)} × the floor   (at most 1.6)`],
    [
      'malformed key refused',
      `${malformed.toFixed(0)} ns   ${(malformed / least).toFixed(2)} × the floor   (at most 0.6)`,
    ],
    ['resident memory of the warm keys', `${bytes.toFixed(0)} MB`],
  ])
}

async function warm(credentials: readonly string[]) {
  const source: KeySource & { closed: boolean } = {
    closed: false,
    find(digest) {
      if (source.closed) throw new Error('A warm key was looked up.')
      return { ...sample, key: { ...sample.key, ...next(), versions: [{ ...version, digest }] } }
    },
    found: async () => undefined,
  }
  let count = 0
  const next = () => {
    count++
    // In one piece, as a database gives it: what is joined from pieces is kept in pieces, and takes thrice the room.
    const id = Buffer.from(`key_${String(count).padStart(26, '0')}`).toString('latin1')
    return { id, organization: 'acme' }
  }
  const verifier = createVerifier({ contract, keys: source, maxKeys: 1 << 20 })
  for (const credential of credentials) await verifier.verify({ credential })
  return { verifier, source }
}

const createdAt = new Date()
const version = { number: 1, digest: digester.digest(''), hint: '', createdAt, retiresAt: null }
const sample: FoundKey = {
  key: {
    id: '',
    organization: 'acme',
    project: null,
    createdBy: null,
    name: 'bench',
    kind: 'secret',
    environment: 'live',
    permissions: ['items:read'],
    namespaces: null,
    allowedIps: null,
    limits: null,
    limitsBeside: false,
    metadata: {},
    createdAt,
    expiresAt: null,
    suspendedAt: null,
    revokedAt: null,
    revokedReason: null,
    deletedAt: null,
    versions: [version],
  },
  organization: {
    id: 'acme',
    name: 'Acme',
    plan: null,
    namespaces: null,
    monthlyQuota: null,
    state: 'active',
    createdAt,
  },
  maker: null,
  readAt: 1,
  readHash: '',
}

function residentMegabytes(): number {
  globalThis.gc?.()
  return process.memoryUsage().rss / 1e6
}

for (const size of sizes.length > 0 ? sizes : [1_000, 100_000, 1_000_000]) await measure(size)
