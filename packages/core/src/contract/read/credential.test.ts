import { describe, expect, it } from 'vitest'
import { problemsWith } from '../../../test/support/problems.ts'

describe('the place of a credential', () => {
  it.each([
    [{ header: 'Connection' }, 'header: Connection is for the next hop alone (RFC 9110 §7.6.1)'],
    [{ header: 'proxy-authorization' }, 'header: proxy-authorization is for the next hop alone (RFC 9110 §7.6.1)'],
    [{ header: 'Cookie' }, 'header: Cookie cannot be had for this'],
    [{ header: 'host' }, 'header: host cannot be had for this'],
    [{ header: 'Content-Length' }, 'header: Content-Length cannot be had for this'],
    [{ header: 'X-Forwarded-For' }, 'header: X-Forwarded-For means something else in a request'],
    [{ header: 'X-Rewrite-Url' }, 'header: X-Rewrite-Url means something else in a request'],
    [{ header: 'Forwarded' }, 'header: Forwarded means something else in a request'],
    [{ header: 'TE' }, 'header: TE is for the next hop alone (RFC 9110 §7.6.1)'],
    [{ header: 'X-Key-Id' }, 'header: X-Key-Id means something else in a request'],
    [{ header: 'X API key' }, 'header: "X API key" is no header name (RFC 9110 §5.6.2)'],
    [{ header: '' }, 'header: "" is no header name (RFC 9110 §5.6.2)'],
    [
      { header: 'Authorization', scheme: 'Basic' },
      'scheme: Basic holds a user and a password: { "basic": "user" } or "password"',
    ],
    [{ header: 'Authorization', scheme: 'Bearer ' }, 'scheme: "Bearer " is no scheme (RFC 9110 §11.1)'],
    [{ query: 'key' }, 'keysEndUpInLogs: it is missing; every log on the way keeps addresses, so this must be true'],
    [
      { query: 'key', keysEndUpInLogs: 1 },
      'keysEndUpInLogs: 1; every log on the way keeps addresses, so this must be true',
    ],
    [{ query: 'k&y', keysEndUpInLogs: true }, 'query: "k&y" would have to be encoded; letters, digits and _.~- do not'],
    [{ cookie: 'key' }, 'header: it is missing; a text is needed'],
    [{ basic: 'user', header: 'Authorization' }, 'header: it cannot stand beside basic'],
    [{ header: 'X-Key', keysEndUpInLogs: true }, 'keysEndUpInLogs: it cannot stand beside header'],
    [{ keysEndUpInLogs: true }, 'keysEndUpInLogs: there is no such field'],
  ])('cannot be %j', (source, problem) => {
    expect(problemsWith({ credential: { sources: [source] } })).toContain(`credential.sources[0].${problem}`)
  })

  it.each([
    [[{ header: 'X-Key' }, { header: 'x-key' }]],
    [[{ header: 'Authorization' }, { header: 'Authorization', scheme: 'Bearer' }]],
    [[{ header: 'Authorization', scheme: 'Bearer' }, { header: 'Authorization' }]],
    [
      [
        { header: 'Authorization', scheme: 'Bearer' },
        { header: 'authorization', scheme: 'BEARER' },
      ],
    ],
    [[{ basic: 'user' }, { basic: 'password' }]],
    [[{ header: 'Authorization' }, { basic: 'user' }]],
  ])('cannot be read twice: %j', (sources) => {
    expect(problemsWith({ credential: { sources } })).toEqual([
      'credential.sources[1]: it reads what sources[0] reads; sources of one header each have their own scheme',
    ])
  })

  it('can carry the keys of the contract', () => {
    const withPrefix = (prefix: string, source: object) =>
      problemsWith({ key: { forms: [{ prefix }] }, credential: { sources: [source] } })
    expect(withPrefix('a:b_', { header: 'Authorization', scheme: 'Bearer' })).toEqual([
      'credential.sources[0]: keys that begin with "a:b_" cannot follow Bearer (RFC 6750 §2.1)',
    ])
    expect(withPrefix('a:b_', { basic: 'user' })).toEqual([
      'credential.sources[0]: keys that begin with "a:b_" have a colon, which ends a user name (RFC 7617 §2)',
    ])
    const key = { publicId: { length: 8, separator: ':' }, forms: [{ prefix: 'a_', publicId: null }] }
    expect(problemsWith({ key, credential: { sources: [{ basic: 'user' }] } })).toEqual([])
    expect(withPrefix('a:b_', { basic: 'password' })).toEqual([])
    expect(problemsWith({ key: { ...key, forms: [{ prefix: 'a_' }] } })).toEqual([
      'credential.sources[0]: keys that begin with "a_" cannot follow Bearer (RFC 6750 §2.1)',
    ])
    expect(withPrefix('a%b_', { query: 'key', keysEndUpInLogs: true })).toEqual([
      'credential.sources[0]: keys that begin with "a%b_" would have to be encoded in a query',
    ])
    const inHalves = { idHeader: 'X-Id', secretHeader: 'X-Secret' }
    const whole = ['credential.sources[0]: a key without a publicId has no half to put into a header of its own']
    expect(withPrefix('a_', inHalves)).toEqual(whole)
    const one = { publicId: { length: 8 }, forms: [{ prefix: 'a_' }, { prefix: 'b_', publicId: null }] }
    expect(problemsWith({ key: one, credential: { sources: [inHalves] } })).toEqual(whole)
    expect(withPrefix('a:b_', { header: 'X-Api-Key' })).toEqual([])
    const halves = { publicId: { length: 8 }, forms: [{ prefix: 'a_' }] }
    const oneHeader = { sources: [{ idHeader: 'X-Key', secretHeader: 'x-key' }] }
    expect(problemsWith({ key: halves, credential: oneHeader })).toEqual([
      'credential.sources[0]: both halves are in one header',
    ])
  })

  it('is somewhere', () => {
    expect(problemsWith({ credential: { sources: [] } })).toEqual([
      'credential.sources: the list is empty; a caller needs somewhere to put the key',
    ])
  })
})

describe('a key', () => {
  const keyProblems = (key: object) => problemsWith({ key })

  it.each([
    [{ bytes: 15 }, 120],
    [{ alphabet: 'base62', length: 21 }, 125],
    [{ alphabet: 'hex', length: 31 }, 124],
  ])('of %j has only %i bits', (random, bits) => {
    expect(keyProblems({ forms: [{ prefix: 'a_', random }] })).toEqual([
      `key.forms[0].random: ${bits} bits; at least 128 are needed`,
    ])
  })

  it('of one form is no key of another', () => {
    const forms = [{ prefix: 'a_' }, { prefix: 'a_', environment: 'test' }]
    expect(keyProblems({ forms })).toEqual([
      "key.forms: Forms 1 ('a_') and 2 ('a_'): the same string can be a key of both.",
    ])
  })

  it('is issued in some form', () => {
    const none = 'key.forms: no form is issued; at least one is needed that is not retired'
    expect(keyProblems({ forms: [{ prefix: 'a_', retired: true }] })).toEqual([none])
    expect(keyProblems({ forms: [] })).toEqual([none])
    expect(keyProblems({})).toEqual(['key.forms: it is missing; a list is needed'])
  })

  it.each(['kwo_x_', 'kwc_', 'kwi_'])('does not begin with %s, as other credentials do', (prefix) => {
    expect(keyProblems({ forms: [{ prefix }] })[0]).toMatch(/^key\.forms\[0\]\.prefix: kw[oci]_ begins Keywright's own/)
  })

  it('begins with 64 characters at most, and is of words of 63', () => {
    const form = { prefix: 'a'.repeat(64), kind: 'k'.repeat(63) }
    expect(keyProblems({ forms: [form] })).toEqual([])
    expect(keyProblems({ forms: [{ prefix: `${form.prefix}a`, kind: `${form.kind}k` }] })).toEqual([
      'key.forms[0].prefix: 65 characters; at most 64 are possible',
      expect.stringMatching(/^key\.forms\[0\]\.kind: "k{40}…"; a-z, then/),
    ])
  })

  it('fits a header', () => {
    expect(keyProblems({ forms: [{ prefix: 'ä_' }] })).toHaveLength(1)
    expect(keyProblems({ forms: [{ prefix: 'a' }], random: { bytes: 256 }, publicId: { length: 200 } })).toHaveLength(1)
    expect(
      keyProblems({
        forms: [{ prefix: 'a'.repeat(64) }],
        random: { alphabet: 'hex', length: 400 },
        publicId: { length: 64 },
      }),
    ).toEqual([`key.forms: Form '${'a'.repeat(64)}': 535 characters; a credential has at most 512.`])
  })
})
