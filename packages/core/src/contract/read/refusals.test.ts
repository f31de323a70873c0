import { describe, expect, it } from 'vitest'
import { problemsWith } from '../../../test/support/problems.ts'
import { parseContract } from '../parse.ts'
import { refusalNames } from '../refusal.ts'

describe('a row of the refusal table', () => {
  const rowProblems = (row: unknown, body?: object) =>
    problemsWith({ refusals: { forbidden: row }, ...(body && { body }) })

  it.each([
    [{ status: 200 }, 'status: 200; a whole number from 400 to 599 is needed'],
    [{ status: 600 }, 'status: 600; a whole number from 400 to 599 is needed'],
    [{ values: { mesage: 'x' } }, 'values.mesage: the body has no {mesage}; did you mean {message}?'],
    [{ values: { message: '{requestid}' } }, 'values.message: nothing fills {requestid}; did you mean {requestId}?'],
    [{ values: { message: '{code}' } }, 'values.message: nothing fills {code}; give it a value'],
    [{ body: { text: '{retryafter}' } }, 'values: nothing fills {retryafter}; did you mean {retryAfter}?'],
    [
      { body: { text: '{status}' }, values: { status: '1' } },
      'values.status: {status} has a meaning of its own; choose another name',
    ],
    [{ body: { text: 'x', json: 1 } }, 'body: exactly one of json, problem, xml and text is needed'],
    [{ body: {} }, 'body: exactly one of json, problem, xml and text is needed'],
    [{ body: { json: Number.NaN } }, 'body.json: NaN is no JSON'],
    [{ body: { json: { 'a.b\n': Number.NaN } } }, 'body.json["a.b\\n"]: NaN is no JSON'],
    [{ headers: { 'X-A': 'a\nb' } }, 'headers.X-A: a header value has no line breaks'],
    [{ headers: { 'X-A': 'ä' } }, 'headers.X-A: a header value is visible ASCII and spaces'],
    [{ headers: { 'Set-Cookie': 'a' } }, 'headers.Set-Cookie: Set-Cookie cannot be had for this'],
    [{ headers: { 'X-A': 1 } }, 'headers.X-A: 1; a text is needed'],
    [{ headers: { 'X-A': '1', 'x-a': '2' } }, 'headers.x-a: it is there in another spelling already'],
    [{ headers: { 'WWW-Authenticate': 'a\nb' } }, 'headers.WWW-Authenticate: a header value has no line breaks'],
    [{ headers: { ['__proto__']: '1' } }, 'headers.__proto__: __proto__ cannot be had for this'],
    [{ headers: { 'X-Request-Id': '1' } }, 'headers.X-Request-Id: X-Request-Id is in every answer already'],
  ])('cannot be %j', (row, problem) => {
    expect(rowProblems(row)).toEqual([`refusals.forbidden.${problem}`])
  })

  it('names a row that is written out', () => {
    expect(rowProblems('unknown')).toEqual(['refusals.forbidden: "unknown" is no row of the table'])
    expect(problemsWith({ refusals: { forbidden: 'not_found', not_found: 'forbidden' } })).toHaveLength(2)
  })

  it('is the row that one has the name of which has the name of another', () => {
    const named = { missing_credential: 'forbidden', forbidden: 'not_found', not_found: 'conflict' }
    const { refusals } = parseContract({
      name: 'acme',
      key: { forms: [{ prefix: 'ak_' }] },
      refusals: { ...named, conflict: { status: 418 } },
    })
    for (const name of ['missing_credential', 'forbidden', 'not_found'] as const)
      expect(refusals[name]).toEqual(refusals.conflict)
  })

  it('has values for its headers alone, and a body of at most sixteen levels', () => {
    expect(rowProblems({ headers: { 'X-Hint': '{hint}' }, values: { hint: 'x' } })).toEqual([])
    const nested = (levels: number): unknown => (levels === 0 ? 'x' : [nested(levels - 1)])
    expect(rowProblems({ body: { json: nested(16) } })).toEqual([])
    const deepest = '[0]'.repeat(17)
    expect(rowProblems({ body: { json: nested(17) } })).toEqual([
      `refusals.forbidden.body.json${deepest}: it is nested more than 16 deep`,
    ])
  })

  it('has a value for every placeholder of the body', () => {
    const problems = problemsWith({
      body: { json: { error: '{reason}' } },
      refusals: { forbidden: { values: { reason: 'x' } } },
    })
    expect(problems).toHaveLength(refusalNames.length - 2)
    expect(problems[0]).toBe('refusals.missing_credential.values: nothing fills {reason}; give it a value')
  })

  it.each(['missing_credential', 'repeated_credential', 'invalid_credential'])(
    'for an unknown key is no other row that names what only a known one has: %s',
    (name) => {
      const row = { values: { message: 'Not for {organization}.' } }
      expect(problemsWith({ refusals: { forbidden: row, [name]: 'forbidden' } })).toContain(
        `refusals.${name}: {organization} would tell a key that exists from one that does not`,
      )
    },
  )

  it('for a missing credential is no other row that names an error', () => {
    const row = { headers: { 'WWW-Authenticate': 'Bearer realm="acme", error="invalid_token"' } }
    const refusals = { invalid_credential: row, missing_credential: 'invalid_credential' }
    expect(problemsWith({ refusals })).toEqual([
      'refusals.missing_credential: where no credential was sent, no error is named (RFC 6750 §3.1)',
    ])
  })

  it.each(['organization', 'namespace', 'permission'])('for an unknown key cannot name its {%s}', (fact) => {
    expect(problemsWith({ refusals: { invalid_credential: { values: { message: `{${fact}}` } } } })).toEqual([
      `refusals.invalid_credential.values: {${fact}} would tell a key that exists from one that does not`,
    ])
    expect(problemsWith({ refusals: { invalid_credential: { headers: { 'X-A': `{${fact}}` } } } })).toEqual([
      `refusals.invalid_credential.values: {${fact}} would tell a key that exists from one that does not`,
    ])
  })
})

describe('a challenge', () => {
  const challengeProblems = (challenge: string, name = 'forbidden') =>
    problemsWith({ refusals: { [name]: { headers: { 'www-authenticate': challenge } } } })

  it.each([
    'Bearer realm="acme"',
    'Bearer realm="a, b", error="insufficient_scope", scope="{permission}"',
    'Basic realm="acme", charset="UTF-8", Bearer realm="acme"',
    'Negotiate',
    'Digest realm=acme, nonce="x"',
  ])('can be %s', (challenge) => {
    expect(challengeProblems(challenge)).toEqual([])
  })

  it.each([
    ['Bearer', 'Bearer needs at least one parameter, such as realm (RFC 6750 §3)'],
    ['Bearer, Basic realm="a"', 'Bearer needs at least one parameter, such as realm (RFC 6750 §3)'],
    ['Bearer realm="a", Realm="b"', 'Realm is there twice (RFC 6750 §3)'],
    ['Bearer realm="a", Error="invalid_token", error="x"', 'error is there twice (RFC 6750 §3)'],
    ['Bearer error="nope"', 'error is one of invalid_request, invalid_token, insufficient_scope (RFC 6750 §3.1)'],
    ['realm="a"', `'realm="a"' is neither a scheme nor a parameter (RFC 9110 §11.6.1)`],
    ['Bearer realm="a', `'Bearer realm="a' is neither a scheme nor a parameter (RFC 9110 §11.6.1)`],
    ['Bearer realm="{organization}"', 'only a parameter of its own may be filled in, and only by {permission}'],
    ['Bearer scope="{permission}"', 'only a parameter of its own may be filled in, and only by {permission}'],
  ])('cannot be %s', (challenge, problem) => {
    expect(challengeProblems(challenge)).toEqual([`refusals.forbidden.headers.www-authenticate: ${problem}`])
  })

  it('names no error where nothing was sent, and is never left out of a 401', () => {
    expect(challengeProblems('Bearer error="invalid_token"', 'missing_credential')).toEqual([
      'refusals.missing_credential.headers.www-authenticate: where no credential was sent, no error is named (RFC 6750 §3.1)',
    ])
    expect(challengeProblems('', 'invalid_credential')).toEqual([
      'refusals.invalid_credential.headers.www-authenticate: a 401 has a challenge (RFC 9110 §15.5.2)',
    ])
  })
})
