import { describe, expect, it } from 'vitest'
import { readFoundKey } from './found-key.ts'

const at = '2026-11-20T08:00:00.000Z'
const version = { number: 1, digest: 'd', createdAt: at, retiresAt: null }
const key = {
  ...{ id: 'key_1', createdAt: at, expiresAt: null, suspendedAt: null, revokedAt: null, deletedAt: null },
  ...{ permissions: ['items:read'], namespaces: null, allowedIps: null, limits: null, limitsBeside: false },
  ...{ project: null, createdBy: null, kind: 'secret', environment: 'live' },
}
const organization = { id: 'acme', plan: null, state: 'active', namespaces: null, monthlyQuota: null }

function answer(ofKey: object = {}, ofVersion: object = {}) {
  return {
    found: {
      key: { ...key, metadata: { deployedAt: at }, versions: [{ ...version, ...ofVersion }], ...ofKey },
      organization,
      maker: null,
      readAt: 7,
      readHash: 'h',
    },
  }
}

describe('what a server says of a key', () => {
  it('has its times as Date, and nothing else', () => {
    expect(readFoundKey(answer({ expiresAt: at }, { retiresAt: at }))?.key).toMatchObject({
      createdAt: new Date(at),
      expiresAt: new Date(at),
      revokedAt: null,
      metadata: { deployedAt: at },
      versions: [{ createdAt: new Date(at), retiresAt: new Date(at) }],
    })
  })

  it.each([
    ['the end of a key', { expiresAt: '2026-13-01T00:00:00.000Z' }, {}],
    ['the end of a key, in another form', { expiresAt: '2026-12-01' }, {}],
    ['the end of a key, left out', { expiresAt: undefined }, {}],
    ['a revocation', { revokedAt: 'now' }, {}],
    ['a deletion', { deletedAt: 1 }, {}],
    ['the beginning of a key', { createdAt: null }, {}],
    ['the end of a secret', {}, { retiresAt: '2026-02-30T25:00:00.000Z' }],
    ['the end of a secret, left out', {}, { retiresAt: undefined }],
  ])('is not taken where a time is none: %s', (_, ofKey, ofVersion) => {
    expect(readFoundKey(answer(ofKey, ofVersion))).toBeNull()
  })

  it('is that there is no such key, and nothing else is', () => {
    expect(readFoundKey({ found: null })).toBeUndefined()
    expect([{}, { found: true }, { found: {} }, { found: 'none' }].map(readFoundKey)).toEqual([null, null, null, null])
  })

  it.each([
    ['a key without an id', answer({ id: undefined })],
    ['a key without its secrets', answer({ versions: undefined })],
    ['a secret that is none', answer({ versions: [null] })],
    ['a secret without a digest', answer({}, { digest: 1 })],
    ['a key of no organization', { found: { ...answer().found, organization: undefined } }],
    [
      'an organization without an id',
      { found: { ...answer().found, organization: { ...organization, id: undefined } } },
    ],
    [
      'an organization in no state',
      { found: { ...answer().found, organization: { ...organization, state: undefined } } },
    ],
    ['a key of permissions left out', answer({ permissions: undefined })],
    ['a key of namespaces left out', answer({ namespaces: undefined })],
    ['a key of addresses that are no list', answer({ allowedIps: '203.0.113.7' })],
    ['a key of limits left out', answer({ limits: undefined })],
    ['a key of limits beside what is left out', answer({ limitsBeside: undefined })],
    ['a key of a project left out', answer({ project: undefined })],
    ['a key of a maker left out', answer({ createdBy: undefined })],
    ['a key of no kind', answer({ kind: undefined })],
    ['a key of no environment', answer({ environment: undefined })],
    [
      'an organization of a plan left out',
      { found: { ...answer().found, organization: { ...organization, plan: undefined } } },
    ],
    [
      'an organization of namespaces left out',
      { found: { ...answer().found, organization: { ...organization, namespaces: undefined } } },
    ],
    [
      'an organization of a quota left out',
      { found: { ...answer().found, organization: { ...organization, monthlyQuota: undefined } } },
    ],
    ['a maker that is left out', { found: { ...answer().found, maker: undefined } }],
    ['a maker without a role', { found: { ...answer().found, maker: {} } }],
    ['an answer of no time', { found: { ...answer().found, readAt: '7' } }],
    ['an answer of no history', { found: { ...answer().found, readHash: undefined } }],
  ])('is not taken where it is %s', (_, given) => {
    expect(readFoundKey(given)).toBeNull()
  })

  it('may have a maker', () => {
    const maker = { role: 'owner' }
    expect(readFoundKey({ found: { ...answer().found, maker } })).toMatchObject({ maker, readAt: 7 })
  })
})
