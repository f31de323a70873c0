import { describe, expect, it } from 'vitest'
import { parseContract } from '../contract/parse.ts'
import { compileIdentityHeaders } from './identity.ts'
import type { Principal } from './outcome.ts'

const contract = parseContract({
  name: 'acme',
  key: { forms: [{ prefix: 'ak_' }] },
  identityHeaders: { 'X-HX-Tenant': '{organization}', 'X-Who': '{user}', 'X-All': '{key}/{project}' },
})
const machine: Principal = {
  key: 'key_1',
  version: 1,
  organization: 'acme',
  project: null,
  user: null,
  kind: 'secret',
  environment: 'live',
  permissions: null,
  namespaces: null,
}

describe('an upstream', () => {
  it('is told what applies, and nothing of what does not', () => {
    expect(compileIdentityHeaders(contract)(machine)).toEqual([
      ...['X-Key-Id', 'key_1', 'X-Organization-Id', 'acme', 'X-Triggered-By', 'api'],
      ...['X-HX-Tenant', 'acme', 'X-All', 'key_1/'],
    ])
  })

  it('is told all that applies', () => {
    const person = { ...machine, project: 'prj_1', user: 'usr_1', permissions: ['a:b', 'c:*'], namespaces: ['x', 'y'] }
    expect(compileIdentityHeaders(contract)(person)).toEqual([
      ...['X-Key-Id', 'key_1', 'X-Organization-Id', 'acme', 'X-Triggered-By', 'api'],
      ...['X-Project-Id', 'prj_1', 'X-User-Id', 'usr_1', 'X-Permissions', 'a:b c:*', 'X-Namespaces', 'x y'],
      ...['X-HX-Tenant', 'acme', 'X-Who', 'usr_1', 'X-All', 'key_1/prj_1'],
    ])
  })

  it('is told that a list is empty', () => {
    const nothing = compileIdentityHeaders(contract)({ ...machine, permissions: [], namespaces: [] })
    expect(nothing).toEqual(expect.arrayContaining(['X-Permissions', '', 'X-Namespaces']))
  })
})
