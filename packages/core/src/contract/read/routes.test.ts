import { describe, expect, it } from 'vitest'
import { problemsWith } from '../../../test/support/problems.ts'
import { readTarget } from '../target.ts'

describe('reach', () => {
  it('is in permissions that can be written', () => {
    expect(problemsWith({ permissions: { offered: { 'A:b': 'x', 'a:*:b': 'y', constructor: 'z' } } })).toEqual([
      'permissions.offered: "A:b": a segment begins with a-z or 0-9 and goes on with a-z, 0-9, hyphen, dot or underscore',
      `permissions.offered: "a:*:b": '*' can only be the whole last segment`,
    ])
  })

  it('of a role is among what is offered', () => {
    const permissions = {
      offered: { 'a:read': '', 'a:write': '' },
      byMakersRole: { owner: ['*'], admin: ['a:*'], member: ['a:read', 'b:read', 'A'] },
    }
    expect(problemsWith({ permissions })).toEqual([
      'permissions.byMakersRole.member[1]: b:read is not among permissions.offered',
      'permissions.byMakersRole.member[2]: a segment begins with a-z or 0-9 and goes on with a-z, 0-9, hyphen, dot or underscore',
    ])
  })

  it('is in namespaces that can be written', () => {
    expect(problemsWith({ namespaces: { default: ['Root'], body: { under: '/v1/**', whenAbsent: '' } } })).toEqual([
      'namespaces.default[0]: "Root"; [a-z0-9][a-z0-9_-]{0,62} is needed',
      'namespaces.body.under: a path of literal segments is needed; everything below it counts',
      'namespaces.body.whenAbsent: ""; [a-z0-9][a-z0-9_-]{0,62} is needed',
    ])
  })
})

describe('a route', () => {
  const routeProblems = (...routes: object[]) => problemsWith({ routes, permissions: { offered: { 'a:read': '' } } })

  it.each([
    ['v1', 'a path begins with a slash'],
    ['', 'a path begins with a slash'],
    ['/v1/', 'a segment is empty'],
    ['//v1', 'a segment is empty'],
    ['/v1/../x', 'dot segments never reach a route'],
    ['/v1/**/x', "'**' is a whole segment, and the last; any one segment is {name}"],
    ['/v1/*', "'**' is a whole segment, and the last; any one segment is {name}"],
    ['/v1/x*', "'**' is a whole segment, and the last; any one segment is {name}"],
    ['/v1/things/:id', 'any one segment is written {id}, not :id'],
    ['/v1/{a}.json', "'{a}.json' is neither a literal segment nor one {name}"],
    ['/v1/a{b}', "'a{b}' is neither a literal segment nor one {name}"],
    ['/v1/a b', "'a b' is neither a literal segment nor one {name}"],
    ['/v1/%2f', "'%2f' is neither a literal segment nor one {name}"],
    ['/%7Eadmin/**', "%7E is '~' where a path reaches a route: write that"],
    ['/%61dmin/**', "%61 is 'a' where a path reaches a route: write that"],
    ['/a/%2561', "%2561 is 'a' where a path reaches a route: write that"],
    ['/v1/%2F', 'a path with %2F never reaches a route'],
    ['/v1/a%5Cb', 'a path with %5C never reaches a route'],
    ['/v1/%00', 'a path with %00 never reaches a route'],
    ['/v1/%25252f', 'a path with %25252f never reaches a route'],
    ['/v1;a/b', "a path with ';' never reaches a route"],
    ['/v1?x', "'v1?x' is neither a literal segment nor one {name}"],
    ['/{a}/{a}', '{a} is captured twice'],
  ])('has no path %j', (path, problem) => {
    expect(routeProblems({ path })).toEqual([`routes[0].path: ${problem}`])
  })

  it.each(['/~admin/**', '/caf%C3%A9', '/a%20b', '/a%25', '/a%3Bb', "/$&'()+,=:@"])('has a path %j', (path) => {
    expect(routeProblems({ path })).toEqual([])
    const plain = path.replace('/**', '')
    expect(readTarget(plain)?.path).toBe(plain)
  })

  it.each([
    [[{ path: '/v1/**' }, { path: '/v1/a', methods: ['GET'] }], true],
    [[{ path: '/v1/{x}' }, { path: '/v1/a' }], true],
    [[{ path: '/v1/{x}/**' }, { path: '/v1/{y}/a/**' }], true],
    [
      [
        { path: '/a', methods: ['GET', 'POST'] },
        { path: '/a', methods: ['POST'] },
      ],
      true,
    ],
    [
      [
        { path: '/a', methods: ['GET'] },
        { path: '/a', methods: ['POST'] },
      ],
      false,
    ],
    [
      [
        { path: '/a', methods: ['GET'] },
        { path: '/a', methods: ['HEAD'] },
      ],
      true,
    ],
    [
      [
        { path: '/a', methods: ['HEAD'] },
        { path: '/a', methods: ['GET'] },
      ],
      false,
    ],
    [[{ path: '/a', methods: ['GET'] }, { path: '/a' }], false],
    [[{ path: '/v1/a' }, { path: '/v1/**' }], false],
    [[{ path: '/v1/{x}' }, { path: '/v1/a/**' }], false],
    [[{ path: '/{x}' }, { path: '/' }], false],
    [[{ path: '/**' }, { path: '/' }], true],
    [[{ path: '/a!b:c' }, { path: '/a%21b%3Ac' }], true],
  ])('is reached, or named: %j', (routes, isShadowed) => {
    const problems = routeProblems(...routes)
    expect(problems).toHaveLength(isShadowed ? 1 : 0)
    if (isShadowed) expect(problems[0]).toMatch(/^routes\[1\]: .* is never reached: routes\[0\] \(.*\) matches first$/)
  })

  it.each([
    [{ permission: '{b}:read' }, 'permission: {b} is not captured by the path'],
    [{ permission: 'b:read' }, 'permission: b:read is not among permissions.offered'],
    [{ permission: '{a}:write' }, 'permission: nothing among permissions.offered is like {a}:write'],
    [{ permission: 'a:*' }, 'permission: a route needs one permission, not all below it'],
    [
      { permission: 'A' },
      'permission: a segment begins with a-z or 0-9 and goes on with a-z, 0-9, hyphen, dot or underscore',
    ],
    [{ permission: { read: 'a:read' } }, 'permission.write: it is missing; a text is needed'],
    [{ permission: '' }, 'permission: it is empty; name one, or leave permission out'],
    [{ permission: { read: '', write: 'a:read' } }, 'permission.read: it is empty; name one, or leave permission out'],
    [{ methods: ['get'] }, 'methods[0]: "get"; upper-case letters are needed'],
    [{ methods: ['TRACE'] }, 'methods[0]: TRACE is never let through'],
    [{ methods: ['PSOT'] }, 'methods[0]: PSOT is never let through; did you mean POST?'],
    [{ methods: [] }, 'methods: the list is empty; leave it out for every method'],
    [{ kinds: ['publishable'] }, 'kinds[0]: no form is of kind publishable'],
    [{ kinds: ['x\ny'] }, 'kinds[0]: "x\\ny"; a-z, then a-z, 0-9, - and _ are needed'],
    [{ kinds: [] }, 'kinds: the list is empty, so that no key could ever come here'],
    [{ access: 'anonymous', permission: 'a:read' }, 'permission: nobody is known on an anonymous route'],
    [{ access: 'anonymous', namespace: 'none' }, 'namespace: nobody is known on an anonymous route'],
    [{ limits: [{ requests: 1, windowSeconds: 1 }] }, 'limits: only an anonymous route has limits of its own'],
    [
      { access: 'anonymous', limits: [{ requests: 1, windowSeconds: 1, per: 'key' }] },
      'limits[0].per: key is not known on an anonymous route; address is',
    ],
  ])('cannot say %j', (route, problem) => {
    expect(routeProblems({ path: '/{a}', ...route })).toEqual([`routes[0].${problem}`])
  })

  it('can need a word of the path where all below another is offered', () => {
    const needing = (offered: string, permission: string) =>
      problemsWith({ permissions: { offered: { [offered]: '' } }, routes: [{ path: '/{a}', permission }] })
    expect(needing('b:*', '{a}:read')).toEqual([])
    expect(needing('axb:read', 'a.b:{a}')).toEqual([
      'routes[0].permission: nothing among permissions.offered is like a.b:{a}',
    ])
    expect(needing('b-c-d:read', '{a}-{a}-d:read')).toEqual([])
    expect(needing('b:read', '{a}-{a}:read')).toEqual([
      'routes[0].permission: nothing among permissions.offered is like {a}-{a}:read',
    ])
    // Where names can share the text in many ways, not all of them are tried.
    const names = '{a}'.repeat(8)
    expect(needing('x'.repeat(60), `${names}:read`)).toEqual([
      `routes[0].permission: nothing among permissions.offered is like ${names}:read`,
    ])
  })

  it('lets a request name its namespace where the contract has them', () => {
    const inPath = { default: ['default'] }
    const message = 'no request here could name its namespace; capture {namespace}, or say "namespace": "none"'
    expect(problemsWith({ namespaces: inPath, routes: [{ path: '/v1/x' }] })).toEqual([`routes[0].path: ${message}`])
    expect(problemsWith({ namespaces: inPath, routes: [{ path: '/v1/x', namespace: 'none' }] })).toEqual([])
    const inBody = { body: { under: '/v1' } }
    expect(problemsWith({ namespaces: inBody, routes: [{ path: '/v1/x' }, { path: '/**' }] })).toEqual([])
    expect(problemsWith({ namespaces: inBody, routes: [{ path: '/v2/**' }] })).toEqual([`routes[0].path: ${message}`])
  })
})
