import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { problemsOf, problemsWith } from '../../test/support/problems.ts'
import { ContractError } from './contract-error.ts'
import { parseContract } from './parse.ts'
import { refusalNames } from './refusal.ts'

const minimal = { name: 'acme', key: { forms: [{ prefix: 'acme_live_' }] } }

describe('a contract of a name and a prefix', () => {
  const contract = parseContract(minimal)

  it('is complete', () => {
    expect(contract).toMatchObject({
      title: 'acme',
      credential: { sources: [{ header: 'Authorization', scheme: 'Bearer' }], whenSeveral: 'refuse' },
      key: {
        random: { alphabet: 'base62', length: 43 },
        publicId: null,
        checksum: true,
        forms: [{ prefix: 'acme_live_', environment: 'live', kind: 'secret', retired: false }],
      },
      boundTo: 'organization',
      oneKeyPerOrganization: false,
      permissions: { offered: {}, byMakersRole: null },
      namespaces: null,
      routes: [],
      otherRoutes: 'key',
      preflight: 'refuse',
      rotation: { maxGraceSeconds: 2_592_000, announce: true },
      limits: [],
      plans: {},
      limitHeaders: 'ietf',
      identityHeaders: {},
      docs: { variable: 'ACME_API_KEY', organization: 'organization', example: { method: 'GET', path: '/' } },
    })
    expect(Object.keys(contract.refusals)).toEqual(refusalNames)
  })

  it('refuses a doubled credential just as an invalid one', () => {
    expect(contract.refusals.repeated_credential).toBe(contract.refusals.invalid_credential)
  })

  it('stays as it is when parsed again, from memory or from JSON', () => {
    expect(parseContract(contract)).toEqual(contract)
    expect(parseContract(JSON.parse(JSON.stringify(contract)))).toEqual(contract)
  })

  it('cannot be changed', () => {
    expect(Object.isFrozen(contract) && Object.isFrozen(contract.refusals.not_found.values)).toBe(true)
  })
})

describe('what is wrong with a contract', () => {
  it('is told all at once, a line for each', () => {
    const data = {
      name: 'Acme',
      key: { forms: [{ prefix: 'a b' }], random: { bytes: 8 } },
      boundTo: 'user',
      limits: [{}],
    }
    expect(() => parseContract(data)).toThrow(
      new ContractError([
        { field: 'name', message: '"Acme"; a-z, then a-z, 0-9 and - are needed' },
        { field: 'key.random', message: '64 bits; at least 128 are needed' },
        { field: 'key.forms[0].prefix', message: '"a b"; visible ASCII without white space and commas is needed' },
        { field: 'boundTo', message: '"user"; one of organization, project is needed' },
        { field: 'limits[0].requests', message: 'it is missing; a number is needed' },
        { field: 'limits[0].windowSeconds', message: 'it is missing; a number is needed' },
      ]),
    )
    expect(() => parseContract({ ...minimal, key: { ...minimal.key, random: { bytes: 8 } } })).toThrow(
      'contract: key.random: 64 bits; at least 128 are needed',
    )
  })

  it.each([undefined, null, 'text', 7, [], () => {}])('may be that it is %s', (data) => {
    expect(problemsOf(data)).toHaveLength(1)
  })

  it('may be a field nobody knows, and which was meant', () => {
    expect(problemsWith({ limitHeader: 'none', rotation: { maxgraceSeconds: 5 }, zzz: 1 })).toEqual([
      'rotation.maxgraceSeconds: there is no such field; did you mean maxGraceSeconds?',
      'limitHeader: there is no such field; did you mean limitHeaders?',
      'zzz: there is no such field',
    ])
  })

  it('is never what an object inherits', () => {
    const polluted = JSON.parse('{"__proto__":{"otherRoutes":"not_found"},"constructor":1,"toString":{}}')
    expect(problemsWith(polluted)).toEqual([
      '__proto__: there is no such field',
      'constructor: there is no such field',
      'toString: there is no such field',
    ])
    const refusals = JSON.parse('{"__proto__":{"status":200},"constructor":{"status":200}}')
    expect(problemsWith({ refusals })).toHaveLength(2)
    expect(parseContract({ ...minimal, plans: { constructor: {} } }).plans).toEqual({
      constructor: { limits: [], monthlyQuota: null },
    })
  })

  it('may be an object whose members are no fields, which would be read as empty', () => {
    const data = { plans: new Map([['free', {}]]), rotation: new Date(0), body: { json: new Set(['a']) } }
    expect(problemsWith(data)).toEqual([
      'body.json: an object that is not plain is no JSON',
      'rotation: an object that is not plain; an object is needed',
      'plans: an object that is not plain; an object is needed',
    ])
  })

  it('may be what a list leaves out', () => {
    const routes = Object.assign(Array(2), { 0: { path: '/a' } })
    expect(problemsWith({ credential: { sources: Array(1) }, body: { json: Array(1) }, routes })).toEqual([
      'credential.sources[0]: it is missing; an object is needed',
      'routes[1]: it is missing; an object is needed',
      'body.json[0]: it is missing is no JSON',
    ])
  })

  it('may be null where something else is needed', () => {
    const data = {
      ...{ credential: { sources: [{ basic: null }] }, oneKeyPerOrganization: null, permissions: { offered: null } },
      ...{ routes: null, preflight: null, limits: null, plans: null, limitHeaders: null, identityHeaders: null },
    }
    expect(problemsWith(data).sort()).toEqual([
      'credential.sources[0].basic: null; one of user, password is needed',
      'identityHeaders: null; an object is needed',
      'limitHeaders: null; one of none, ietf is needed',
      'limits: null; a list is needed',
      'oneKeyPerOrganization: null; true or false is needed',
      'permissions.offered: null; an object is needed',
      'plans: null; an object is needed',
      'preflight: null; one of refuse, forward is needed',
      'routes: null; a list is needed',
    ])
  })

  it.each([
    [{ credential: { sources: { header: 'X-Api-Key' } } }, 'credential.sources: an object; a list is needed'],
    [{ key: { forms: [{ prefix: 'a_' }], random: 32 } }, 'key.random: 32; an object is needed'],
    [
      { key: { forms: [{ prefix: 'a_' }], random: { bytes: 32, length: 43 } } },
      'key.random.length: it cannot stand beside bytes',
    ],
    [
      { key: { forms: [{ prefix: 'a_', random: { bytes: '32' } }] } },
      'key.forms[0].random.bytes: "32"; a number is needed',
    ],
    [{ routes: [{ path: '/a', methods: 'GET' }] }, 'routes[0].methods: "GET"; a list is needed'],
    [{ routes: [{ path: '/a', kinds: 'secret' }] }, 'routes[0].kinds: "secret"; a list is needed'],
    [{ body: 'json' }, 'body: "json"; an object is needed'],
  ])('is told once, and nothing of what is read in its place: %j', (data, problem) => {
    expect(problemsWith(data)).toEqual([problem])
  })

  it('may be a field there is none of, wherever it stands', () => {
    const zzz = 1
    const data = {
      credential: { sources: [{ header: 'X-Api-Key', zzz }], zzz },
      key: { forms: [{ prefix: 'acme_', random: { bytes: 32, zzz }, zzz }], publicId: { length: 12, zzz }, zzz },
      permissions: { byMakersRole: { owner: [], admin: [], member: [], zzz }, zzz },
      namespaces: { body: { under: '/v1', zzz }, zzz },
      routes: [{ path: '/{namespace}/**', permission: { read: 'a', write: 'b', zzz }, zzz }],
      rotation: { zzz },
      plans: { small: { limits: [{ requests: 1, windowSeconds: 1, zzz }], zzz } },
      limitHeaders: { limit: 'X-Limit', remaining: 'X-Remaining', reset: 'X-Reset', zzz },
      docs: { zzz, example: { path: '/a', zzz } },
      zzz,
    }
    const places: string[] = []
    const walk = (value: unknown, at: string) => {
      if (typeof value !== 'object' || value === null) return
      for (const [name, member] of Object.entries(value)) {
        const place = Array.isArray(value) ? `${at}[${name}]` : at === '' ? name : `${at}.${name}`
        if (name === 'zzz') places.push(place)
        walk(member, place)
      }
    }
    walk(data, '')
    expect(problemsWith(data).sort()).toEqual(places.map((place) => `${place}: there is no such field`).sort())
  })

  it('may be a body that is inside itself', () => {
    const around: unknown[] = []
    around.push(around, { around })
    expect(problemsWith({ body: { json: around } })).toEqual([
      'body.json[0]: it is inside itself',
      'body.json[1].around: it is inside itself',
    ])
    const problem = { around }
    expect(problemsWith({ body: { problem } })).toHaveLength(2)
    expect(problemsWith({ body: { json: [[1], [1]] } })).toEqual([])
  })

  it('may be a text that says nothing', () => {
    expect(problemsWith({ title: '', docs: { organization: ' ' } })).toEqual([
      'title: it is empty; leave it out, or write what people call it',
      'docs.organization: it is empty; leave it out, or write what people call it',
    ])
  })

  it('never makes the reading itself fail', () => {
    const anything = fc.anything({ withNullPrototype: true, withBigInt: true, maxDepth: 3 })
    const names = [
      'credential',
      'key',
      'permissions',
      'namespaces',
      'routes',
      'rotation',
      'limits',
      'plans',
      'refusals',
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...names, 'limitHeaders', 'identityHeaders', 'body', 'docs'),
        anything,
        (name, value) => {
          problemsWith({ [name]: value })
          problemsWith({ [name]: [value] })
          for (const inner of [
            'sources',
            'forms',
            'offered',
            'body',
            'not_found',
            'json',
            'default',
            'random',
            'example',
          ]) {
            problemsWith({ [name]: { [inner]: value } })
          }
        },
      ),
    )
  })
})

describe('limits', () => {
  it.each([
    [{ requests: 0, windowSeconds: 60 }, 'limits[0].requests: 0; a whole number from 1 to 1000000000 is needed'],
    [{ requests: 1.5, windowSeconds: 60 }, 'limits[0].requests: 1.5; a whole number from 1 to 1000000000 is needed'],
    [{ requests: '9', windowSeconds: 60 }, 'limits[0].requests: "9"; a number is needed'],
    [
      { requests: 1, windowSeconds: 1e9 },
      'limits[0].windowSeconds: 1000000000; a whole number from 1 to 31622400 is needed',
    ],
    [
      { requests: 1, windowSeconds: 1, per: 'ip' },
      'limits[0].per: "ip"; one of key, user, project, organization, address is needed',
    ],
    [{ requests: 1, windowSeconds: 1, window: 1 }, 'limits[0].window: there is no such field'],
  ])('cannot be %j', (limit, problem) => {
    expect(problemsWith({ limits: [limit] })).toEqual([problem])
  })

  it('are at most eight', () => {
    const limits = Array.from({ length: 9 }, (_, i) => ({ requests: i + 1, windowSeconds: 1 }))
    expect(problemsWith({ limits })).toEqual(['limits: 9 limits; at most 8 are counted'])
  })

  it.each(['Cache-Control', 'Retry-After', 'vary', 'WWW-Authenticate', 'X-Key-Id', 'Api-Key-Status'])(
    'are not told in %s, which means something else in an answer',
    (reset) => {
      expect(problemsWith({ limitHeaders: { limit: 'X-A', remaining: 'X-B', reset } })).toEqual([
        `limitHeaders.reset: ${reset} means something else in an answer`,
      ])
    },
  )

  it('are told in three different headers', () => {
    expect(problemsWith({ limitHeaders: { limit: 'X-A', remaining: 'x-a', reset: 'X-B', resetAs: 'unix' } })).toEqual([
      'limitHeaders.resetAs: "unix"; one of unixSeconds, secondsLeft, unixMilliseconds, rfc3339 is needed',
      'limitHeaders: three different header names are needed',
    ])
    expect(problemsWith({ limitHeaders: 'all' })).toEqual(['limitHeaders: "all"; one of none, ietf is needed'])
  })

  it('are those of the plans or of all, since every organization has a plan where there are some', () => {
    const limits = [{ requests: 1, windowSeconds: 1 }]
    expect(problemsWith({ limits, plans: { free: {} } })).toEqual([
      'limits: every organization has a plan, and the limits of that instead; write these into the plans',
    ])
    expect([problemsWith({ limits, plans: {} }), problemsWith({ limits: [], plans: { free: { limits } } })]).toEqual([
      [],
      [],
    ])
  })

  it('of a plan are named with it', () => {
    expect(problemsWith({ plans: { 'Pro!': { monthlyQuota: 0 } } })).toEqual([
      'plans["Pro!"]: "Pro!"; a-z, then a-z, 0-9, - and _ are needed',
      'plans["Pro!"].monthlyQuota: 0; a whole number from 1 to 9007199254740991 is needed',
    ])
  })
})

describe('the example of the documentation', () => {
  const routes = [
    { path: '/v1/open', access: 'anonymous' },
    { path: '/v1/browser', kinds: ['publishable'] },
    { path: '/v1/{namespace}/items/**', methods: ['POST'] },
  ]
  const forms = [{ prefix: 'acme_' }, { prefix: 'acme_pk_', kind: 'publishable', retired: true }]
  const data = { key: { forms }, namespaces: {}, routes, otherRoutes: 'not_found' }

  it.each([
    ['/v2', 'no route matches it'],
    ['/v1/open?a=b', 'its route asks for no key'],
    ['/v1/browser', 'its route takes no key that is made'],
    ['/v1/other/items', 'its namespace is none of namespaces.default'],
  ])('is not %s where %s', (path, problem) => {
    const named = data.routes.map((route) => ('kinds' in route ? { ...route, namespace: 'none' } : route))
    const docs = { example: { method: 'POST', path } }
    expect(problemsWith({ ...data, routes: named, docs })).toEqual([
      `docs.example: POST ${path}: ${problem}; POST /v1/default/items would do`,
    ])
  })

  it('is of the route that it is sent to, however it is spelled', () => {
    const open = { path: '/v1/~open', access: 'anonymous' }
    expect(problemsWith({ routes: [open], docs: { example: { path: '/v1/%7Eopen' } } })).toEqual([
      'docs.example: GET /v1/%7Eopen: its route asks for no key; GET /v1 would do',
    ])
  })

  it('is taken by the route without the slash at its end as well', () => {
    const key = { forms: [{ prefix: 'ak_' }, { prefix: 'pk_', kind: 'publishable' }] }
    const routes = [{ path: '/v1/a', kinds: ['publishable'] }, { path: '/v1/**' }]
    expect(problemsWith({ key, routes, docs: { example: { path: '/v1/a/' } } })).toEqual([
      'docs.example: GET /v1/a/: its route takes no key that is made; GET /v1/a would do',
    ])
  })

  it('names a namespace, in the path or in the body', () => {
    const namespaces = { default: ['main'], body: { under: '/v1' } }
    expect(problemsWith({ namespaces, docs: { example: { path: '/v1/x' } } })).toEqual([
      'docs.example: GET /v1/x: it names no namespace; POST /v1 would do',
    ])
    expect(problemsWith({ namespaces, docs: { example: { method: 'POST', path: '/v1/x' } } })).toEqual([])
  })

  it.each(['CONNECT', 'TRACE', 'HEAD', 'PURGE'])('is not of the method %s', (method) => {
    expect(problemsWith({ docs: { example: { method } } })).toEqual([
      `docs.example.method: "${method}"; one of GET, POST, PUT, PATCH, DELETE, OPTIONS is needed`,
    ])
  })

  const never = ['/v1//a', '/v1/../a', '/v1/%2e%2e', '/v1/%2Fa', '/v1/%zz']
  it.each(['v1', '//v1', '/v1#a', '/v1?a#b', '/v1/[a]', '/v1/{a}', '/v1;a', '/v 1', ...never])(
    'is not at %s',
    (path) => {
      expect(problemsWith({ docs: { example: { path } } })).toEqual([
        `docs.example.path: "${path}"; a path that begins with one slash is needed, as it is sent`,
      ])
    },
  )

  it('is the first request that a key is taken for, unless it is given', () => {
    const { docs } = parseContract({
      ...minimal,
      routes: [{ path: '/v1/open', access: 'anonymous' }, { path: '/v1/{thing}/**' }],
      otherRoutes: 'not_found',
    })
    expect(docs.example).toEqual({ method: 'GET', path: '/v1/thing' })
    const nowhere = { ...minimal, otherRoutes: 'not_found' }
    expect(parseContract(parseContract(nowhere)).docs.example).toEqual({ method: 'GET', path: '/' })
  })
})

describe('namespaces', () => {
  it.each([
    [['a', 'a'], 'one of them is listed twice'],
    [
      Array.from({ length: 100 }, (_, i) => `${i}`.padStart(40, 'a')),
      'together these have 4099 characters, and upstreams are sent at most 3500',
    ],
  ])('that an organization begins with fit into one header, each once', (names, problem) => {
    expect(problemsWith({ namespaces: { default: names } })).toEqual([`namespaces.default: ${problem}`])
  })
})

describe('an identity header', () => {
  it.each([
    ['X-Organization-Id', '{organization}', 'X-Organization-Id is sent to every upstream already'],
    ['X_Tenant', '{organization}', 'X_Tenant has an underscore, which servers take for a hyphen'],
    ['Authorization', '{key}', 'Authorization means something else in a request'],
    ['X-Forwarded-For', '{key}', 'X-Forwarded-For means something else in a request'],
    ['x-forwarded-host', '{key}', 'x-forwarded-host means something else in a request'],
    ['X-Forwarded-Proto', 'https', 'X-Forwarded-Proto means something else in a request'],
    ['Transfer-Encoding', 'x', 'Transfer-Encoding is for the next hop alone (RFC 9110 §7.6.1)'],
    ['X-Tenant', '{tenant}', 'nothing fills {tenant}; there are {organization}, {project}, {key} and {user}'],
    ['X-Tenant', 'a\r\nX-Admin: 1', 'a header value has no line breaks'],
    ['X-Acme-Key', '{key}', 'the credential is sent in this header'],
    ['x-left', '{key}', 'answers tell of limits in this header'],
    ['Cache-Control', '{key}', 'Cache-Control means something else in an answer'],
    ['Location', '/{key}', 'Location means something else in an answer'],
    ['X-Auth-Status', '{key}', 'X-Auth-Status means something else in an answer'],
  ])('cannot be %s: %j', (name, value, problem) => {
    const credential = { sources: [{ header: 'x-acme-key' }] }
    const limitHeaders = { limit: 'X-Limit', remaining: 'X-Left', reset: 'X-Reset' }
    expect(problemsWith({ credential, limitHeaders, identityHeaders: { [name]: value } })).toContain(
      `identityHeaders.${name}: ${problem}`,
    )
  })

  it('is none that tells of limits in the way of the IETF', () => {
    expect(problemsWith({ identityHeaders: { RateLimit: '{key}', 'ratelimit-policy': '{key}' } })).toEqual([
      'identityHeaders.RateLimit: answers tell of limits in this header',
      'identityHeaders.ratelimit-policy: answers tell of limits in this header',
    ])
  })

  it('is written once, in one spelling', () => {
    expect(problemsWith({ identityHeaders: { 'X-Who': '{key}', 'x-who': '{user}' } })).toEqual([
      'identityHeaders.x-who: the same header is there twice',
    ])
  })
})
