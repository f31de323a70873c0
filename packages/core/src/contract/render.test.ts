import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ContractData } from './contract-data.ts'
import { parseContract } from './parse.ts'
import { type RefusalFacts, type RefusalName, refusalNames } from './refusal.ts'
import { compileRefusals } from './render.ts'

const minimal: ContractData = { name: 'acme', key: { forms: [{ prefix: 'acme_live_' }] } }

function rendered(name: RefusalName, data: Partial<ContractData>, facts: Partial<RefusalFacts> = {}) {
  return compileRefusals(parseContract({ ...minimal, ...data }))(name, { requestId: 'req_1', ...facts })
}

function bodyOf(name: RefusalName, data: Partial<ContractData>, facts: Partial<RefusalFacts> = {}) {
  return rendered(name, data, facts).body
}

describe('a refusal', () => {
  it('is the same frozen value every time where it depends on no fact', () => {
    const render = compileRefusals(parseContract(minimal))
    const first = render('not_found', { requestId: 'req_1' })
    expect(render('not_found', { requestId: 'req_2' })).toBe(first)
    expect(Object.isFrozen(first) && Object.isFrozen(first.headers)).toBe(true)
  })

  it('is stored by no cache, whatever the row', () => {
    for (const name of refusalNames) expect(rendered(name, {}).headers['cache-control']).toBe('no-store')
  })

  it('names its type', () => {
    const type = (body: ContractData['body']) => rendered('not_found', body ? { body } : {}).headers['content-type']
    expect(type({ json: { error: '{message}' } })).toBe('application/json')
    expect(type({ problem: {} })).toBe('application/problem+json')
    expect(type({ xml: '<e>{message}</e>' })).toBe('application/xml; charset=utf-8')
    expect(type({ text: '{message}' })).toBe('text/plain; charset=utf-8')
  })

  it('names the type of the body that its row has for itself', () => {
    const { headers, body } = rendered('not_found', {
      refusals: { not_found: { body: { text: 'gone' } }, conflict: 'not_found' },
    })
    expect([headers['content-type'], body]).toEqual(['text/plain; charset=utf-8', 'gone'])
  })

  it('lets a row replace an automatic header, or leave it out', () => {
    const { headers } = rendered('not_found', {
      refusals: { not_found: { headers: { 'Cache-Control': '', 'Content-Type': 'application/vnd.acme+json' } } },
    })
    expect(headers).toEqual({ 'content-type': 'application/vnd.acme+json' })
  })

  it('has the title of its class where its status has none of its own', () => {
    const titleWith = (status: number) =>
      bodyOf('forbidden', { body: { text: '{title}' }, refusals: { forbidden: { status } } })
    expect([418, 451, 499, 503, 599].map(titleWith)).toEqual([
      'Bad Request',
      'Unavailable For Legal Reasons',
      'Bad Request',
      'Service Unavailable',
      'Internal Server Error',
    ])
  })

  it('can carry a status and a sentence of its own, taken as they are', () => {
    const facts = { status: 405, message: 'Use GET, not {organization} "POST".', organization: 'acme' }
    expect(JSON.parse(bodyOf('invalid_request', {}, facts))).toEqual({
      type: 'about:blank',
      title: 'Method Not Allowed',
      status: 405,
      detail: 'Use GET, not {organization} "POST".',
      code: 'invalid_request',
    })
    expect(rendered('invalid_request', {}, facts).status).toBe(405)
  })

  it('says its sentence also where that of its row is nothing but a fact', () => {
    const body = { json: { wait: '{retryAfter}', detail: '{message}' } }
    const data = { body, refusals: { rate_limited: { values: { message: '{limit}' } } } }
    const facts = { retryAfter: 7, limit: 100 }
    expect(bodyOf('rate_limited', data, facts)).toBe('{"wait":7,"detail":100}')
    expect(bodyOf('rate_limited', data, { ...facts, message: 'Wait.' })).toBe('{"wait":7,"detail":"Wait."}')
  })

  it('says to each what is meant for it, with its own status', () => {
    const render = compileRefusals(parseContract(minimal))
    const said = (more: Partial<RefusalFacts>) => {
      const { status, body } = render('invalid_request', { requestId: 'req_1', ...more })
      return [status, JSON.parse(body).detail]
    }
    const usual = said({})
    const rows = ['invalid_request', 'not_found'] as const
    const bodies = rows.map((name) => render(name, { requestId: 'req_1', status: 405 }).body)
    expect(bodies[0]).not.toBe(bodies[1])
    for (let turn = 0; turn < 2; turn++) {
      expect(said({ message: 'One.' })).toEqual([400, 'One.'])
      expect(said({ message: 'Two.' })).toEqual([400, 'Two.'])
      expect(said({ message: 'One.', status: 405 })).toEqual([405, 'One.'])
      expect(said({ message: 'One.', status: 406 })).toEqual([406, 'One.'])
      expect(said({ status: 405 })).toEqual([405, usual[1]])
      expect(said({})).toEqual(usual)
    }
  })

  it('of a name that is no row is an error of the program', () => {
    expect(() => rendered('constructor' as RefusalName, {})).toThrow(TypeError)
  })
})

describe('a challenge', () => {
  it('has no error code where nothing was sent', () => {
    expect(rendered('missing_credential', {}).headers['www-authenticate']).toBe('Bearer realm="acme"')
    expect(rendered('invalid_credential', {}).headers['www-authenticate']).toBe(
      'Bearer realm="acme", error="invalid_token"',
    )
  })

  it('goes with every 401 and with no other status', () => {
    expect(rendered('not_found', { refusals: { not_found: { status: 401 } } }).headers).toHaveProperty(
      'www-authenticate',
    )
    expect(rendered('forbidden', {}).headers).not.toHaveProperty('www-authenticate')
    expect(
      rendered('missing_credential', { refusals: { missing_credential: { status: 400 } } }).headers,
    ).not.toHaveProperty('www-authenticate')
  })

  it('is of the scheme the contract prefers', () => {
    const of = (source: NonNullable<NonNullable<ContractData['credential']>['sources']>[number]) =>
      rendered('invalid_credential', { credential: { sources: [source] } }).headers['www-authenticate']
    expect(of({ header: 'Authorization', scheme: 'Token' })).toBe('Token realm="acme"')
    expect(of({ header: 'Authorization', scheme: 'bearer' })).toBe('bearer realm="acme", error="invalid_token"')
    expect(of({ basic: 'user' })).toBe('Basic realm="acme"')
    expect(of({ header: 'X-Api-Key' })).toBe('Bearer realm="acme", error="invalid_token"')
  })

  const naming = {
    forbidden: {
      headers: { 'WWW-Authenticate': 'Bearer realm="acme", error="insufficient_scope", scope="{permission}"' },
    },
  }

  it('names the permission that was needed', () => {
    const { headers } = rendered('forbidden', { refusals: naming }, { permission: 'workers:read' })
    expect(headers['www-authenticate']).toBe('Bearer realm="acme", error="insufficient_scope", scope="workers:read"')
  })

  it.each([undefined, '', '%"x:read', '%a%21b:read', 'a" error="', 'ä:read', 'a\r\nb', 'a b'])(
    'leaves a permission of %j out with its parameter',
    (permission) => {
      const facts = permission === undefined ? {} : { permission }
      const { headers } = rendered('forbidden', { refusals: naming }, facts)
      expect(headers['www-authenticate']).toBe('Bearer realm="acme", error="insufficient_scope"')
      const loud = { forbidden: { headers: { 'WWW-Authenticate': 'Bearer realm="acme", SCOPE="{permission}"' } } }
      expect(rendered('forbidden', { refusals: loud }, facts).headers['www-authenticate']).toBe('Bearer realm="acme"')
    },
  )
})

describe('retry-after', () => {
  it.each([
    [undefined, '1'],
    [0, '1'],
    [0.2, '1'],
    [11.2, '12'],
    [60, '60'],
  ])('of %s seconds is %s', (retryAfter, expected) => {
    const facts = retryAfter === undefined ? {} : { retryAfter }
    for (const name of ['rate_limited', 'quota_exceeded', 'unavailable'] as const) {
      expect(rendered(name, {}, facts).headers['retry-after']).toBe(expected)
    }
    const said = bodyOf('rate_limited', { body: { text: '{retryAfter}' } }, facts)
    expect(said).toBe(retryAfter === undefined ? '' : expected)
  })

  it('goes with a limit whatever its status, and can be fixed by a row', () => {
    const refusals = {
      rate_limited: { status: 403 },
      quota_exceeded: { status: 402 },
      conflict: { status: 429 },
      unavailable: { headers: { 'Retry-After': '30' } },
    }
    for (const name of ['rate_limited', 'quota_exceeded', 'conflict'] as const) {
      expect(rendered(name, { refusals }, { retryAfter: 5 }).headers['retry-after']).toBe('5')
    }
    expect(rendered('unavailable', { refusals }).headers['retry-after']).toBe('30')
    expect(rendered('not_found', { refusals }).headers).not.toHaveProperty('retry-after')
  })
})

describe('a placeholder', () => {
  const body: ContractData['body'] = {
    json: { wait: '{retryAfter}', per: '{window}', limit: '{limit}', text: 'in {retryAfter}s', status: '{status}' },
  }

  it('alone in a JSON string takes the type of its value', () => {
    const facts = { retryAfter: 12, limit: 100, windowSeconds: 60 }
    expect(bodyOf('rate_limited', { body }, facts)).toBe(
      '{"wait":12,"per":"minute","limit":100,"text":"in 12s","status":429}',
    )
  })

  it('in front of other text is text', () => {
    const json = { json: { wait: '{retryAfter}s', both: '{limit}{retryAfter}' } }
    expect(bodyOf('rate_limited', { body: json }, { retryAfter: 12, limit: 100 })).toBe('{"wait":"12s","both":"10012"}')
  })

  it('that is not known is null, or empty inside a string', () => {
    expect(bodyOf('rate_limited', { body })).toBe('{"wait":null,"per":null,"limit":null,"text":"in s","status":429}')
  })

  it('keeps its type through a value of the row', () => {
    const json = { json: { code: '{seconds}' } }
    expect(
      bodyOf(
        'rate_limited',
        { refusals: { rate_limited: { body: json, values: { seconds: '{retryAfter}' } } } },
        { retryAfter: 7 },
      ),
    ).toBe('{"code":7}')
    const refusals = { rate_limited: { body: json, values: { seconds: '{status}' } } }
    expect(bodyOf('rate_limited', { refusals })).toBe('{"code":429}')
  })

  it.each([
    [1, 'second'],
    [60, 'minute'],
    [3600, 'hour'],
    [86_400, 'day'],
    [30, '30 seconds'],
    [90, '90 seconds'],
    [300, '5 minutes'],
    [7200, '2 hours'],
    [604_800, '7 days'],
  ])('{window} says a window of %i seconds as %j', (windowSeconds, words) => {
    expect(bodyOf('rate_limited', { body: { text: '{window}' } }, { windowSeconds })).toBe(words)
  })

  it('in a value of the row leaves its spaces where a header holds it', () => {
    const refusals = {
      rate_limited: { values: { said: 'Only {limit} per {window}. ' }, headers: { 'X-Said': '{said}' } },
    }
    const { headers } = rendered('rate_limited', { refusals }, { limit: 100, windowSeconds: 60 })
    expect(headers['x-said']).toBe('Only 100 per minute.')
    const fixed = { not_found: { values: { said: 'Nothing. ' }, headers: { 'X-Said': '{said}' } } }
    expect(rendered('not_found', { refusals: fixed }).headers['x-said']).toBe('Nothing.')
  })

  it('in a header can neither end its line nor leave ASCII', () => {
    const refusals = { namespace_forbidden: { headers: { 'X-Namespace': 'ns={namespace}' } } }
    const { headers } = rendered('namespace_forbidden', { refusals }, { namespace: 'a\r\nSet-Cookie: x=ä\0' })
    expect(headers['x-namespace']).toBe('ns=aSet-Cookie: x=')
    expect(
      rendered('namespace_forbidden', { refusals: { namespace_forbidden: { headers: { 'X-N': '{namespace}' } } } })
        .headers,
    ).not.toHaveProperty('x-n')
  })
})

describe('what fills a body', () => {
  const row = (body: ContractData['body']) => ({ refusals: { namespace_forbidden: body ? { body } : {} } })

  it('stays inside its JSON string, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (namespace) => {
        const text = bodyOf('namespace_forbidden', row({ json: { a: '{namespace}', b: "<'{namespace}'>" } }), {
          namespace,
        })
        expect(JSON.parse(text)).toEqual({ a: namespace, b: `<'${namespace}'>` })
        expect(text).not.toMatch(/[\u2028\u2029]/)
      }),
    )
  })

  it('keeps a lone surrogate as an escape, so that the bytes are UTF-8', () => {
    const text = bodyOf('namespace_forbidden', row({ json: '{namespace}' }), { namespace: '\ud800' })
    expect(text).toBe('"\\ud800"')
  })

  it('is escaped in XML, and only there', () => {
    const xml = '<?xml version="1.0"?><Error a="{namespace}">{message}</Error>'
    const facts = { namespace: `<b>&"'\u0000\t\ud800\uffff` }
    expect(
      bodyOf(
        'namespace_forbidden',
        { refusals: { namespace_forbidden: { body: { xml }, values: { message: 'a & b' } } } },
        facts,
      ),
    ).toBe('<?xml version="1.0"?><Error a="&#60;b&#62;&#38;&#34;&#39;\ufffd&#9;\ufffd\ufffd">a &#38; b</Error>')
  })

  it('stays on its line in plain text', () => {
    expect(bodyOf('namespace_forbidden', row({ text: 'no: {namespace}' }), { namespace: 'a\nb\u2028c' })).toBe(
      'no: a\ufffdb\ufffdc',
    )
  })

  it('may stand in text that JSON has to escape', () => {
    const json = { json: { said: 'a "\\" for {requestId}' } }
    expect(JSON.parse(bodyOf('not_found', { body: json }, { requestId: 'req_1' })).said).toBe('a "\\" for req_1')
  })

  it('escapes the names of members', () => {
    expect(bodyOf('not_found', { body: { json: { 'a"\u2028': 1, __proto__: 2, list: [1, 'x', null, true] } } })).toBe(
      '{"a\\"\\u2028":1,"list":[1,"x",null,true]}',
    )
    const data = JSON.parse('{"json":{"__proto__":{"x":"{code}"}}}')
    expect(bodyOf('not_found', { body: data })).toBe('{"__proto__":{"x":"not_found"}}')
  })
})

describe('a problem (RFC 9457)', () => {
  it('has its standard members and a code', () => {
    expect(JSON.parse(bodyOf('rate_limited', {}, { limit: 100, windowSeconds: 60, retryAfter: 3 }))).toEqual({
      type: 'about:blank',
      title: 'Too Many Requests',
      status: 429,
      detail: 'Too many requests: the limit is 100 per minute. Try again in 3s.',
      code: 'rate_limited',
    })
  })

  it('takes more members, and other values for its own', () => {
    const body = { problem: { type: 'https://acme.example/problems/{code}', instance: '{requestId}' } }
    expect(JSON.parse(bodyOf('not_found', { body }))).toMatchObject({
      type: 'https://acme.example/problems/not_found',
      title: 'Not Found',
      instance: 'req_1',
    })
  })
})
