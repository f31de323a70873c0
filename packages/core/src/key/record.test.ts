import { expect, test } from 'vitest'
import { type KeyRecord, stateAt } from './record.ts'

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second))
const key: KeyRecord = {
  id: 'key_00000000000000000000000000',
  organization: 'acme',
  project: null,
  createdBy: null,
  name: 'production',
  kind: 'secret',
  environment: 'live',
  permissions: null,
  namespaces: null,
  allowedIps: null,
  limits: null,
  limitsBeside: false,
  metadata: {},
  createdAt: at(0),
  expiresAt: null,
  suspendedAt: null,
  revokedAt: null,
  revokedReason: null,
  deletedAt: null,
  versions: [],
}

test('a key is active until something is done to it', () => {
  expect(stateAt(key, at(59))).toBe('active')
})

test('a key expires at its instant, not after it', () => {
  expect(stateAt({ ...key, expiresAt: at(10) }, new Date(at(10).getTime() - 1))).toBe('active')
  expect(stateAt({ ...key, expiresAt: at(10) }, at(10))).toBe('expired')
})

test('revocation outranks expiry, and expiry a suspension that may be lifted', () => {
  const all = { ...key, suspendedAt: at(1), expiresAt: at(2), revokedAt: at(3) }
  expect(stateAt(all, at(10))).toBe('revoked')
  expect(stateAt({ ...all, revokedAt: null }, at(10))).toBe('expired')
  expect(stateAt({ ...all, revokedAt: null, expiresAt: at(20) }, at(10))).toBe('suspended')
})
