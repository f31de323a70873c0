import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { covers, grants, intersect, isPermissionSegment, permissionProblem } from './permission.ts'

const word = fc.constantFrom('a', 'b', 'ab', 'read', 'constructor')
const concrete = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(':'))
const permission = fc.oneof(
  concrete,
  concrete.map((text) => `${text}:*`),
  fc.constant('*'),
)
const list = fc.oneof(
  { weight: 9, arbitrary: fc.array(permission, { maxLength: 5 }) },
  { weight: 1, arbitrary: fc.constant(null) },
)

describe('grammar', () => {
  test.each([
    'sandboxes:read',
    'sandboxes:*',
    '*',
    'read',
    'a:b:c:d',
    'a.b:c_d-e',
    '0:1',
    'az:09',
    'constructor:read',
    'a'.repeat(128),
  ])('%j is a permission', (text) => {
    expect(permissionProblem(text)).toBeNull()
  })

  test.each([
    ['', 'It is empty.'],
    [':', 'A segment is empty.'],
    ['a:', 'A segment is empty.'],
    ['a::b', 'A segment is empty.'],
    ['*:read', "'*' can only be the whole last segment."],
    ['a:*:b', "'*' can only be the whole last segment."],
    ['a*', "'*' can only be the whole last segment."],
    ['a:b*', "'*' can only be the whole last segment."],
    ['A:read', 'A segment begins with a-z or 0-9'],
    ['a: read', 'A segment begins with'],
    ['a:read ', 'A segment begins with'],
    ['a/b:read', 'A segment begins with'],
    ['_a:read', 'A segment begins with'],
    ['__proto__', 'A segment begins with'],
    ['toString', 'A segment begins with'],
    ['ａ:read', 'A segment begins with'],
    ['a:+', 'A segment begins with'],
    ['a'.repeat(129), 'It has more than 128 characters.'],
  ])('%j is refused: %s', (text, problem) => {
    expect(permissionProblem(text)).toContain(problem)
  })

  test('a name that a path fills into a permission cannot bring a colon or a wildcard along', () => {
    for (const name of ['templates:x', '*', ':', '', 'Read', '..', 'a/b']) expect(isPermissionSegment(name)).toBe(false)
    expect(isPermissionSegment('sandboxes')).toBe(true)
  })
})

describe('what a permission grants', () => {
  test.each([
    ['sandboxes:read', 'sandboxes:read', true],
    ['sandboxes:read', 'sandboxes:write', false],
    ['sandboxes:read', 'sandboxes:read:all', false],
    ['sandboxes:read', 'sandboxes', false],
    ['a:*', 'a:b', true],
    ['a:*', 'a:b:c', true],
    ['a:*', 'a:b:*', true],
    ['a:*', 'a:*', true],
    ['a:*', 'a', false],
    ['a:*', 'a:', false],
    ['a:*', 'ab:x', false],
    ['a:*', 'b:a:x', false],
    ['a:*', '*', false],
    ['a:b:*', 'a:*', false],
    ['*', 'a', true],
    ['*', 'a:b:c', true],
    ['*', '*', true],
    ['', '', true],
    ['', 'a', false],
    ['a', 'A', false],
    // Not wildcards, wherever they came from.
    ['a*', 'ab', false],
    ['a:b*', 'a:bc', false],
    ['**', 'a', false],
    [':*', 'a', false],
  ])('%j grants %j: %s', (held, needed, granted) => {
    expect(grants([held], needed)).toBe(granted)
  })

  test('no list is everything, an empty list nothing', () => {
    expect(grants(null, 'a:read')).toBe(true)
    expect(grants([], 'a:read')).toBe(false)
  })

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'length', '0'])(
    '%s is nothing that an object brings along',
    (name) => {
      expect(grants([], name)).toBe(false)
      expect(grants(['a:read'], name)).toBe(false)
      expect(grants(['a:*'], `${name}:read`)).toBe(false)
      expect(covers(['a:*'], [name])).toBe(false)
    },
  )
})

describe('nobody gives more than they hold (lattice)', () => {
  test('all that one holds may be given', () => {
    fc.assert(
      fc.property(list, (held) => {
        expect(covers(held, held)).toBe(true)
      }),
    )
  })

  test('what is given on and on never grows', () => {
    fc.assert(
      fc.property(list, list, list, (a, b, c) => {
        if (covers(a, b) && covers(b, c)) expect(covers(a, c)).toBe(true)
      }),
      { numRuns: 5_000 },
    )
  })

  test('who may give a list may give any part of it; who holds more may give no less', () => {
    fc.assert(
      fc.property(list, fc.array(permission), permission, (held, wanted, more) => {
        if (covers(held, [...wanted, more])) expect(covers(held, wanted)).toBe(true)
        if (held && covers(held, wanted)) expect(covers([...held, more], wanted)).toBe(true)
      }),
    )
  })

  test('a covered list grants nothing that its giver does not hold', () => {
    fc.assert(
      fc.property(list, list, permission, (held, given, needed) => {
        if (covers(held, given) && grants(given, needed)) expect(grants(held, needed)).toBe(true)
      }),
      { numRuns: 5_000 },
    )
  })

  test('a key without a list needs a giver with everything', () => {
    expect(covers(['a:*', 'b:*'], null)).toBe(false)
    expect(covers(['*'], null)).toBe(true)
    expect(covers(null, null)).toBe(true)
  })
})

describe('what two lists have in common', () => {
  test('is granted exactly where both grant it', () => {
    fc.assert(
      fc.property(list, list, permission, (a, b, needed) => {
        expect(grants(intersect(a, b), needed)).toBe(grants(a, needed) && grants(b, needed))
      }),
      { numRuns: 5_000 },
    )
  })

  test('is covered by both, and says nothing twice', () => {
    fc.assert(
      fc.property(list, list, (a, b) => {
        const common = intersect(a, b)
        expect(covers(a, common) && covers(b, common)).toBe(true)
        for (const one of a && b && common ? common : []) {
          expect(covers(common?.filter((other) => other !== one) ?? [], [one])).toBe(false)
        }
      }),
    )
  })

  test("a member's key with everything reaches what the member reaches", () => {
    const member = ['workers:read', 'tasks:*']
    expect(intersect(member, ['*'])).toEqual(member)
    expect(intersect(member, null)).toEqual(member)
    expect(intersect(member, ['tasks:write', 'workers:write'])).toEqual(['tasks:write'])
    expect(intersect(member, ['billing:read'])).toEqual([])
  })
})
