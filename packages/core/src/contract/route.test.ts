import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ContractData } from './contract-data.ts'
import { parseContract } from './parse.ts'
import { compileRoutes, readingsOf } from './route.ts'

function routesOf(data: Partial<ContractData>) {
  return compileRoutes(parseContract({ name: 'acme', key: { forms: [{ prefix: 'acme_' }] }, ...data }))
}

function pathOf(data: Partial<ContractData>, method: string, path: string): string | null {
  return routesOf(data).matchRoute(method, path).route?.path ?? null
}

describe('a route', () => {
  it.each([
    ['/v1/sandboxes', '/v1/sandboxes', true],
    ['/v1/sandboxes', '/v1/sandboxes/', false],
    ['/v1/sandboxes', '/v1/sandboxes/a', false],
    ['/v1/sandboxes', '/v1/sandboxesX', false],
    ['/v1/sandboxes', '/v1/Sandboxes', false],
    ['/v1/sandboxes/**', '/v1/sandboxes', true],
    ['/v1/sandboxes/**', '/v1/sandboxes/', true],
    ['/v1/sandboxes/**', '/v1/sandboxes/a/b', true],
    ['/v1/sandboxes/**', '/v1/sandboxesX', false],
    ['/v1/sandboxes/**', '/v1/sandboxes.', false],
    ['/v1/{id}', '/v1/a', true],
    ['/v1/{id}', '/v1/', false],
    ['/v1/{id}', '/v1', false],
    ['/v1/{id}', '/v1/a/', false],
    ['/v1/{id}/**', '/v1/a', true],
    ['/v1/{id}/**', '/v1/a/', true],
    ['/v1/{id}/**', '/v1/a/b/c', true],
    ['/v1/{id}/**', '/v1//b', false],
    ['/v1/{id}/x', '/v1/a/x', true],
    ['/v1/{id}/x', '/v1/a/xy', false],
    ['/{a}/{b}', '/1/2', true],
    ['/{a}/{b}', '/1/2/3', false],
    ['/', '/', true],
    ['/', '/a', false],
    ['/**', '/', true],
    ['/**', '/a/b', true],
  ])('%s asked for %s: %s', (pattern, path, matches) => {
    expect(pathOf({ routes: [{ path: pattern }] }, 'GET', path)).toBe(matches ? pattern : null)
  })

  it('is the first that matches, path and method', () => {
    const routes = [{ path: '/a', methods: ['POST'] }, { path: '/{x}', methods: ['GET'] }, { path: '/**' }]
    expect(pathOf({ routes }, 'POST', '/a')).toBe('/a')
    expect(pathOf({ routes }, 'GET', '/a')).toBe('/{x}')
    expect(pathOf({ routes }, 'DELETE', '/a')).toBe('/**')
  })

  it.each(['/a', '/{x}', '/{x}/b', '/{x}/{y}'])('%s is for its methods alone', (path) => {
    const asked = path.replaceAll(/\{.\}/g, '1')
    const routes = [{ path, methods: ['PUT'] }]
    expect(pathOf({ routes }, 'PUT', asked)).toBe(path)
    expect(pathOf({ routes }, 'DELETE', asked)).toBeNull()
  })

  it('for GET is for HEAD as well', () => {
    const routes = [{ path: '/a', methods: ['GET'], permission: { read: 'a:read', write: 'a:write' } }]
    expect(routesOf({ routes }).matchRoute('HEAD', '/a').permission).toBe('a:read')
    expect(pathOf({ routes }, 'POST', '/a')).toBeNull()
  })

  it('without captures is one and the same frozen match', () => {
    const { matchRoute } = routesOf({ routes: [{ path: '/a/**', permission: 'a:read' }] })
    const match = matchRoute('GET', '/a/1')
    expect(matchRoute('HEAD', '/a/2')).toBe(match)
    expect(Object.isFrozen(match)).toBe(true)
    expect(matchRoute('GET', '/b')).toBe(matchRoute('GET', '/c'))
  })
})

describe('a slash at the end, which no route has and some routers drop,', () => {
  const { matchRoute } = routesOf({
    routes: [
      { path: '/v1/purge', permission: 'admin' },
      { path: '/v1/a%21', permission: 'admin' },
      { path: '/v1/open', access: 'anonymous' },
      { path: '/v1/**', permission: 'read' },
    ],
  })

  it('is for those who may go there with and without it', () => {
    expect(matchRoute('GET', '/v1/purge/')).toMatchObject({ permission: 'read', otherReading: { permission: 'admin' } })
    expect(matchRoute('GET', '/v1/a!/')).toMatchObject({ permission: 'read', otherReading: { permission: 'admin' } })
    expect(matchRoute('GET', '/v1/open/')).toMatchObject({ permission: 'read' })
  })

  it('beside an escape is for those who may go wherever any of the four readings leads', () => {
    const { matchRoute } = routesOf({
      routes: [
        { path: '/v1/a!/**', permission: 'decoded' },
        { path: '/v1/{x}/b', permission: 'written' },
        { path: '/v1/**', permission: 'written-with-slash' },
      ],
    })
    const permissions = readingsOf(matchRoute('GET', '/v1/a%21/b/')).map(({ permission }) => permission)
    expect(new Set(permissions)).toEqual(new Set(['decoded', 'written', 'written-with-slash']))
  })

  it.each(['/', '/v1/', '/v1/x/', '/v2/', '/v1/purge'])('makes no difference in %s', (path) => {
    expect(matchRoute('GET', path).otherReading).toBeNull()
  })
})

describe('a route with what upstreams find behind an escape', () => {
  const characters = [..."!$&'()*+,;=:@"]
  const escaped = (character: string) => `%${character.charCodeAt(0).toString(16)}`
  const routes = [{ path: '/v1/a{}b/**', permission: 'admin' }, { path: '/v1/**' }]
  const routesWith = (text: string) => routes.map(({ path, ...rest }) => ({ path: path.replace('{}', text), ...rest }))

  it.each(characters)('is reached with %s as with its escape, however that is written', (character) => {
    const lower = escaped(character)
    const upper = lower.toUpperCase()
    const literals = ';*'.includes(character) ? [upper] : [upper, character]
    for (const literal of literals) {
      for (const asked of [character, lower, upper]) {
        const path = `/v1/a${asked}b`
        expect(routesOf({ routes: routesWith(literal) }).matchRoute('GET', path).permission).toBe('admin')
        expect(routesOf({ routes: routesWith(literal) }).matchRoute('GET', `${path}/c`).permission).toBe('admin')
      }
    }
  })

  it.each(['%2521', '%25%3221', '%20', '%2F', '%25', '%C3%A1', '%2'])('is another one for %s', (asked) => {
    const { matchRoute } = routesOf({ routes: routesWith('!') })
    expect(matchRoute('GET', `/v1/a${asked}b`).route?.path).toBe('/v1/**')
  })

  it('is asked for as it is written too, by whatever upstream decodes nothing', () => {
    const routes = [
      { path: '/v1/status!', access: 'anonymous' as const },
      { path: '/v1/**', permission: 'read' },
    ]
    const { matchRoute } = routesOf({ routes })
    expect(matchRoute('GET', '/v1/status%21').otherReading).toMatchObject({ permission: 'read' })
    expect(matchRoute('GET', '/v1/status!').otherReading).toBeNull()
    expect(matchRoute('GET', '/v1/a%21').otherReading).toBeNull()
    const escaped = routesOf({ routes: [{ path: '/v1/status%21', access: 'anonymous' }, { path: '/v1/**' }] })
    expect(escaped.matchRoute('GET', '/v1/status!').otherReading).toMatchObject({ route: { path: '/v1/**' } })
    expect(routesOf({ routes: [{ path: '/a%3Bb' }] }).matchRoute('GET', '/a%3Bb').otherReading).toBeNull()
  })

  it('keeps the segments that were there: what is decoded captures nothing more and nothing less', () => {
    const { matchRoute } = routesOf({ routes: [{ path: '/v1/{a}/x/{b}' }] })
    expect(matchRoute('GET', '/v1/a%2Fx%2Fb').route).toBeNull()
    expect(matchRoute('GET', '/v1/%3A%40/x/%2521').captures).toEqual({ a: ':@', b: '%2521' })
  })

  it('asks for a permission that nobody can be given where the escape is that of a colon or a star', () => {
    const { matchRoute } = routesOf({ routes: [{ path: '/{resource}', permission: '{resource}:read' }] })
    for (const resource of ['workers%3Ax', 'workers%3ax', '%2A', '%2a']) {
      expect(matchRoute('GET', `/${resource}`).permission).toMatch(/^%[^:*]+:read$/)
    }
  })
})

describe('the permission of a route', () => {
  const routes = [{ path: '/api/{resource}/**', permission: { read: '{resource}:read', write: '{resource}:write' } }]

  it.each(['/a', '/{x}', '/{x}/b'])('%s is for reading or for writing', (path) => {
    const { matchRoute } = routesOf({ routes: [{ path, permission: { read: 'a:read', write: 'a:write' } }] })
    const asked = path.replace('{x}', '1')
    for (const method of ['GET', 'HEAD']) expect(matchRoute(method, asked).permission).toBe('a:read')
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PURGE']) {
      expect(matchRoute(method, asked).permission).toBe('a:write')
    }
  })

  it('is filled in for reading or for writing', () => {
    const { matchRoute } = routesOf({ routes })
    expect(matchRoute('GET', '/api/workers/1').permission).toBe('workers:read')
    expect(matchRoute('DELETE', '/api/workers/1').permission).toBe('workers:write')
    expect(matchRoute('GET', '/api/tasks').captures).toEqual({ resource: 'tasks' })
  })

  it.each(['workers:x', '*', 'Workers', 'wor%20kers', '..', '-x', 'wörkers', '\ud800'])(
    'filled with %j is one that nobody can be given',
    (resource) => {
      const permission = routesOf({ routes }).matchRoute('GET', `/api/${resource}`).permission ?? ''
      expect(permission).toMatch(/^%[^:*]+:read$/)
    },
  )

  it('is put together from several captures', () => {
    const { matchRoute } = routesOf({ routes: [{ path: '/{a}/{b}', permission: '{a}:x:{b}' }] })
    expect(matchRoute('GET', '/one/two').permission).toBe('one:x:two')
  })

  it('is the same however many different paths came before', () => {
    const { matchRoute } = routesOf({ routes })
    for (let i = 0; i < 1000; i++) expect(matchRoute('GET', `/api/r${i}`).permission).toBe(`r${i}:read`)
    expect(matchRoute('GET', '/api/r1').permission).toBe('r1:read')
  })
})

describe('matching', () => {
  it('never throws, and captures only non-empty whole segments', () => {
    const { matchRoute } = routesOf({ routes: [{ path: '/v1/{a}/x/{b}/**' }, { path: '/{constructor}' }] })
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (tail, method) => {
        const { captures } = matchRoute(method, `/${tail}`)
        for (const value of Object.values(captures)) expect(value).toMatch(/^[^/]+$/)
      }),
    )
  })
})

const holonomix: Partial<ContractData> = {
  namespaces: { body: { under: '/v1' } },
  routes: [
    { path: '/health', access: 'anonymous' },
    { path: '/v1/get/{namespace}/**' },
    { path: '/v1/list/{namespace}/**' },
    { path: '/v1/whoami', namespace: 'none' },
    { path: '/v1/**' },
  ],
  otherRoutes: 'not_found',
}

describe('a namespace', () => {
  const { matchRoute, namespaceInBody } = routesOf(holonomix)

  it('is taken from the path, as it is spelled there', () => {
    expect(matchRoute('GET', '/v1/get/staging/k')).toMatchObject({ namespace: 'staging', namespaceExpected: true })
    expect(matchRoute('GET', '/v1/get/Sta%2Eging')).toMatchObject({ namespace: 'Sta%2Eging' })
  })

  it('is expected wherever the contract has them, but for routes that say otherwise', () => {
    expect(matchRoute('GET', '/v1/anything')).toMatchObject({ namespace: null, namespaceExpected: true })
    expect(matchRoute('GET', '/v1/whoami').namespaceExpected).toBe(false)
    expect(matchRoute('GET', '/health').namespaceExpected).toBe(false)
    expect(matchRoute('GET', '/elsewhere')).toMatchObject({ route: null, namespaceExpected: false })
  })

  it('is no more than a capture where the contract has none', () => {
    expect(() => routesOf({ routes: [{ path: '/{namespace}' }] })).toThrow('the contract has no namespaces')
  })

  it.each([
    ['POST', '/v1/put', 'required'],
    ['PUT', '/v1', 'required'],
    ['PATCH', '/v1/a/b', 'required'],
    ['DELETE', '/v1/a', 'no'],
    ['GET', '/v1/a', 'no'],
    ['POST', '/v1x/a', 'no'],
    ['POST', '/elsewhere', 'no'],
    ['POST', '/health', 'no'],
    ['POST', '/v1/whoami', 'no'],
    ['POST', '/v1/get/staging/k', 'optional'],
    ['GET', '/v1/get/staging/k', 'optional'],
  ])('of %s %s is in the body: %s', (method, path, presence) => {
    expect(namespaceInBody(method, path)).toBe(presence)
  })

  it.each(['/elsewhere', '/v1x/a', '/V1/a', '/'])(
    'is not in the body outside of where it is looked for: %s',
    (path) => {
      const { namespaceInBody } = routesOf({ namespaces: { body: { under: '/v1' } } })
      expect(namespaceInBody('POST', '/v1/a')).toBe('required')
      expect(namespaceInBody('POST', path)).toBe('no')
    },
  )

  it('is found behind an escaped character, in the path as in the body', () => {
    const { matchRoute, namespaceInBody } = routesOf({
      namespaces: { body: { under: '/v1!' } },
      routes: [{ path: '/v1!/get:all/{namespace}/**' }, { path: '/v1!/**' }],
    })
    expect(matchRoute('GET', '/v1%21/get%3Aall/staging/k').namespace).toBe('staging')
    expect(namespaceInBody('POST', '/v1%21/get%3Aall/staging/k')).toBe('optional')
    expect(namespaceInBody('POST', '/v1%21/put')).toBe('required')
    expect(namespaceInBody('POST', '/v1%21/GET%3Aall/staging/k')).toBe('no')
  })

  it('is looked for in the body where any reading of a path asks for one', () => {
    const { namespaceInBody } = routesOf({
      namespaces: { body: { under: '/v1' } },
      routes: [
        { path: '/v1/{n}/a!b', namespace: 'none' },
        { path: '/v1/c!d', namespace: 'none' },
        { path: '/v1/{namespace}/{id}' },
        { path: '/v1/**' },
      ],
    })
    expect(namespaceInBody('POST', '/v1/mine/a!b')).toBe('no')
    expect(namespaceInBody('POST', '/v1/mine/a%21b')).toBe('optional')
    expect(namespaceInBody('POST', '/v1/c!d')).toBe('no')
    expect(namespaceInBody('POST', '/v1/c%21d')).toBe('required')
    const escaped = routesOf({
      namespaces: { body: { under: '/v1' } },
      routes: [
        { path: '/v1/{namespace}/a%21/run' },
        { path: '/v1/{n}/a%21/**', namespace: 'none' },
        { path: '/v1/**', namespace: 'none' },
      ],
    })
    expect(escaped.namespaceInBody('POST', '/v1/mine/a!/run/')).toBe('optional')
  })

  it.each(['/v1/GET/staging/k', '/v1/get./staging/k', '/v1/get;a=b/staging', '/v1/get%20/staging', '/V1/get/staging'])(
    'is never the one in the body of %s, in which a lenient upstream would find another',
    (path) => {
      expect(matchRoute('POST', path).namespace).toBeNull()
      expect(namespaceInBody('POST', path)).toBe('no')
    },
  )
})
