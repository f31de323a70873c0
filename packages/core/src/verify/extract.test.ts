import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { CredentialRule, Source } from '../contract/contract.ts'
import { parseContract } from '../contract/parse.ts'
import { issue } from '../lifecycle/issue.ts'
import { inMemory, testActor } from '../testing/in-memory.ts'
import type { Attempt, HeadersLike } from './outcome.ts'

const bearer: Source = { header: 'Authorization', scheme: 'Bearer' }
const apiKey: Source = { header: 'X-Api-Key' }

async function under(
  sources: readonly Source[],
  whenSeveral: CredentialRule['whenSeveral'] = 'refuse',
  publicId: { length: number; separator: string } | null = null,
) {
  const contract = parseContract({
    name: 'acme',
    credential: { sources, whenSeveral },
    key: { publicId, forms: [{ prefix: 'ak_' }] },
  })
  const { lifecycle, verifier, organization } = inMemory({ contract })
  await organization()
  const [one, other] = [
    await issue(lifecycle, testActor, { organization: 'acme', name: 'one' }),
    await issue(lifecycle, testActor, { organization: 'acme', name: 'other' }),
  ]
  return {
    key: one.credential,
    other: other.credential,
    /** `one`, `other`, or why not. */
    async of(attempt: HeadersLike | Pick<Attempt, 'headers' | 'query'>): Promise<string> {
      const asked = 'query' in attempt && !(attempt instanceof Headers) ? attempt : { headers: attempt as HeadersLike }
      const outcome = await verifier.verify(asked as Attempt)
      if (!outcome.allowed) return outcome.reason
      return outcome.principal?.key === one.key.id ? 'one' : 'other'
    },
  }
}

type Under = Awaited<ReturnType<typeof under>>

/** The same fields in every shape that can hold them all. */
function shapesOf(fields: readonly (readonly [string, string])[]): Record<string, HeadersLike> {
  const names = new Set(fields.map(([name]) => name.toLowerCase()))
  const raw = fields.flat()
  if (names.size < fields.length) return { raw, web: new Headers(fields as [string, string][]) }
  return { raw, web: new Headers(fields as [string, string][]), record: Object.fromEntries(fields) }
}

describe('behind a scheme word', () => {
  let acme: Under
  beforeAll(async () => {
    acme = await under([bearer])
  })

  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('%s is the same scheme', async (scheme) => {
    for (const headers of Object.values(shapesOf([['Authorization', `${scheme} ${acme.key}`]]))) {
      expect(await acme.of(headers)).toBe('one')
    }
  })

  it.each(['authorization', 'AUTHORIZATION', 'aUtHoRiZaTiOn'])('the field may be written %s', async (name) => {
    for (const headers of Object.values(shapesOf([[name, `Bearer ${acme.key}`]]))) {
      expect(await acme.of(headers)).toBe('one')
    }
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('%d spaces may follow', async (count) => {
    expect(await acme.of(['Authorization', `Bearer${' '.repeat(count)}${acme.key}`])).toBe('one')
  })

  it.each([
    ['a tab', '\t'],
    ['a space and a tab', ' \t'],
    ['a no-break space', '\u00a0'],
    ['a space and a no-break space', ' \u00a0'],
    ['an ideographic space', '\u3000'],
    ['a line feed', '\n'],
    ['a colon', ':'],
    ['a comma', ','],
    ['an equals sign', '='],
    ['a byte of zero', '\0'],
  ])('%s is no separator', async (_, separator) => {
    expect(await acme.of(['Authorization', `Bearer${separator}${acme.key}`])).toMatch(
      /^(malformed|repeated)_credential$/,
    )
  })

  it.each(['', 'Bearer', 'Bearer ', 'Bearer    ', 'bearer'])('%j holds a malformed credential', async (value) => {
    expect(await acme.of(['Authorization', value])).toBe('malformed_credential')
  })

  it.each(['Basic', 'Token', 'DPoP', 'Bearerx', 'Bearer-', 'xBearer', 'ApiKey', 'Beare', 'B\u0435arer'])(
    'after %s, a key counts as none',
    async (scheme) => {
      expect(await acme.of(['Authorization', `${scheme} ${acme.key}`])).toBe('missing_credential')
    },
  )

  it('a key without the word counts as none', async () => {
    expect(await acme.of(['Authorization', acme.key])).toBe('missing_credential')
  })

  it.each([
    ['a space in front of the word', (key: string) => ` Bearer ${key}`, 'missing_credential'],
    ['a space behind', (key: string) => `Bearer ${key} `, 'malformed_credential'],
    ['another word behind', (key: string) => `Bearer ${key} x`, 'malformed_credential'],
    ['quotes', (key: string) => `Bearer "${key}"`, 'malformed_credential'],
    ['the word twice', (key: string) => `Bearer Bearer ${key}`, 'malformed_credential'],
    ['a parameter', (key: string) => `Bearer ${key}, realm="x"`, 'repeated_credential'],
  ])('%s spoils it', async (_, spoil, reason) => {
    expect(await acme.of(['Authorization', spoil(acme.key)])).toBe(reason)
  })
})

describe('a field that is there twice', () => {
  const fields: [string, (acme: Under) => [string, string][]][] = [
    [
      'with the same key',
      ({ key }) => [
        ['Authorization', `Bearer ${key}`],
        ['Authorization', `Bearer ${key}`],
      ],
    ],
    [
      'with two keys',
      ({ key, other }) => [
        ['Authorization', `Bearer ${key}`],
        ['Authorization', `Bearer ${other}`],
      ],
    ],
    [
      'spelled in two ways',
      ({ key }) => [
        ['authorization', `Bearer ${key}`],
        ['AUTHORIZATION', `Bearer ${key}`],
      ],
    ],
    [
      'with another scheme first',
      ({ key }) => [
        ['Authorization', 'Basic eDp5'],
        ['Authorization', `Bearer ${key}`],
      ],
    ],
    [
      'with another scheme last',
      ({ key }) => [
        ['Authorization', `Bearer ${key}`],
        ['Authorization', 'Basic eDp5'],
      ],
    ],
    [
      'with nothing behind the second word',
      () => [
        ['Authorization', 'Basic x'],
        ['Authorization', 'Bearer'],
      ],
    ],
    [
      'far apart',
      ({ key }) => [
        ['X-Api-Key', key],
        ['A', 'b'],
        ['B', 'c'],
        ['x-api-key', key],
      ],
    ],
  ]
  it.each(fields)('%s is refused in every shape, and never read as its first or last', async (_, fieldsOf) => {
    const acme = await under([bearer, apiKey], 'first')
    for (const headers of Object.values(shapesOf(fieldsOf(acme)))) {
      expect(await acme.of(headers)).toBe('repeated_credential')
    }
  })

  it('is told from another scheme whose parameters have commas', async () => {
    const acme = await under([bearer])
    const digest = 'Digest username="a", realm="bearer", nonce="Bearer x", opaque=""'
    expect(await acme.of(['Authorization', digest])).toBe('missing_credential')
  })

  it('is refused where a record holds its values as a list', async () => {
    const acme = await under([apiKey])
    expect(await acme.of({ 'x-api-key': [acme.key] })).toBe('one')
    expect(await acme.of({ 'x-api-key': [acme.key, acme.key] })).toBe('repeated_credential')
    expect(await acme.of({ 'x-api-key': [] })).toBe('missing_credential')
    expect(await acme.of({ 'x-api-key': acme.key, 'X-Api-Key': acme.key })).toBe('repeated_credential')
    expect(await acme.of({ 'x-api-key': undefined, 'X-Api-Key': acme.key })).toBe('one')
    expect(await acme.of({ 'x-api-key': [], 'X-Api-Key': acme.key })).toBe('one')
  })
})

describe('headers from code that no types hold', () => {
  let acme: Under
  beforeAll(async () => {
    acme = await under([apiKey])
  })
  const of = (headers: unknown) => acme.of(headers as HeadersLike)

  it.each([5, true, null, {}, new Set(['a'])])('are passed over where another field is %o', async (value) => {
    expect(await of({ 'Content-Length': value, 'X-Api-Key': acme.key })).toBe('one')
    expect(await of(['Content-Length', value, 'X-Api-Key', acme.key])).toBe('one')
  })

  it.each([5, true, null, {}, new Set(['a'])])('are malformed where the credential is %o', async (value) => {
    for (const headers of [{ 'X-Api-Key': value }, { 'X-Api-Key': [value] }, ['X-Api-Key', value]]) {
      expect(await of(headers)).toBe('malformed_credential')
    }
  })

  it('are searched by any method `get`, whatever it answers for what is not there', async () => {
    expect(await of(new Map([['x-api-key', acme.key]]))).toBe('one')
    expect(await of(new Map())).toBe('missing_credential')
  })

  it('hold nothing that a record only inherits', async () => {
    expect(await of(Object.create({ 'X-Api-Key': acme.key }))).toBe('missing_credential')
  })
})

describe('a whole field', () => {
  let acme: Under
  beforeAll(async () => {
    acme = await under([apiKey])
  })

  it.each([
    ['an empty value', '', 'malformed_credential'],
    ['a scheme word', 'Bearer {key}', 'malformed_credential'],
    ['a space in front', ' {key}', 'malformed_credential'],
    ['two keys and a comma', '{key},{key}', 'repeated_credential'],
    ['percent signs', '%61{key}', 'malformed_credential'],
  ])('with %s is refused', async (_, value, reason) => {
    expect(await acme.of(['x-api-key', value.replaceAll('{key}', acme.key)])).toBe(reason)
  })

  it.each(['X_Api_Key', 'x-api-key ', ' x-api-key', 'x-api-keys', 'x-api-ke', 'x\u2010api-key', 'X-API-\u212aEY'])(
    'is not the one named %j',
    async (name) => {
      expect(await acme.of([name, acme.key])).toBe('missing_credential')
      expect(await acme.of({ [name]: acme.key })).toBe('missing_credential')
    },
  )

  it('is read from Headers of any make', async () => {
    const foreign = { get: (name: string) => (name === 'x-api-key' ? acme.key : null) } as unknown as Headers
    expect(await acme.of(foreign)).toBe('one')
    expect(await acme.of({ get: 'a header of that name', 'x-api-key': acme.key })).toBe('one')
  })
})

describe('credentials in two places', () => {
  const both = async (whenSeveral: CredentialRule['whenSeveral'], sources = [apiKey, bearer]) => {
    const acme = await under(sources, whenSeveral)
    return {
      acme,
      of: async (apiKeyValue: string, bearerValue: string) => {
        const fields: [string, string][] = [
          ['X-Api-Key', apiKeyValue],
          ['Authorization', bearerValue],
        ]
        const found = new Set<string>()
        for (const order of [fields, fields.toReversed()]) {
          for (const headers of Object.values(shapesOf(order))) found.add(await acme.of(headers))
        }
        expect(found.size).toBe(1)
        return [...found][0]
      },
    }
  }

  it('`first` lets the first listed count alone, right or wrong', async () => {
    const { acme, of } = await both('first')
    expect(await of(acme.other, `Bearer ${acme.key}`)).toBe('other')
    expect(await of('wrong', `Bearer ${acme.key}`)).toBe('malformed_credential')
    expect(await of('', `Bearer ${acme.key}`)).toBe('malformed_credential')
    expect(await of(acme.key, 'Bearer wrong')).toBe('one')
    expect(await of(acme.key, 'Basic eDp5')).toBe('one')
  })

  it('`equal` takes two that are the same', async () => {
    const { acme, of } = await both('equal')
    expect(await of(acme.key, `Bearer ${acme.key}`)).toBe('one')
    expect(await of(acme.key, `Bearer ${acme.other}`)).toBe('conflicting_credentials')
    expect(await of(acme.key, 'Bearer ')).toBe('conflicting_credentials')
    expect(await of('wrong', 'Bearer wrong')).toBe('malformed_credential')
    expect(await of(acme.key, 'Basic eDp5')).toBe('one')
  })

  it('`refuse` takes one alone', async () => {
    const { acme, of } = await both('refuse')
    expect(await of(acme.key, `Bearer ${acme.key}`)).toBe('conflicting_credentials')
    expect(await of('wrong', `Bearer ${acme.key}`)).toBe('conflicting_credentials')
    expect(await of(acme.key, 'Basic eDp5')).toBe('one')
    expect(await acme.of(['Authorization', `Bearer ${acme.key}`])).toBe('one')
  })

  it('two schemes of one field are two places', async () => {
    const acme = await under([bearer, { header: 'Authorization', scheme: 'Token' }])
    expect(await acme.of(['Authorization', `Token ${acme.key}`])).toBe('one')
    expect(await acme.of(['Authorization', `Bearer ${acme.key}`])).toBe('one')
    expect(await acme.of(['Authorization', `Bearer ${acme.key}, Token ${acme.key}`])).toBe('conflicting_credentials')
  })
})

describe('Basic', () => {
  const basic = (pair: string) => `Basic ${Buffer.from(pair, 'latin1').toString('base64')}`

  it('holds the key as the user name, as the password, and never as the other', async () => {
    const user = await under([{ basic: 'user' }])
    expect(await user.of(['Authorization', basic(`${user.key}:`)])).toBe('one')
    expect(await user.of(['Authorization', basic(`${user.key}:x`)])).toBe('one')
    expect(await user.of(['Authorization', basic(`x:${user.key}`)])).toBe('malformed_credential')
    const password = await under([{ basic: 'password' }])
    expect(await password.of(['authorization', basic(`x:${password.key}`).replace('Basic', 'bAsIc')])).toBe('one')
    expect(await password.of(['authorization', basic(`${password.key}:`)])).toBe('malformed_credential')
  })

  it.each([
    ['nothing', 'Basic'],
    ['no base64', 'Basic %%%%'],
    ['base64url', 'Basic -_-_'],
    ['white space inside', 'Basic YWI 6Yw=='],
    ['too little padding', 'Basic YWI6Yw='],
    ['no colon', 'Basic YWJj'],
    ['more than fits', `Basic ${'YWJj'.repeat(2000)}`],
  ])('with %s is malformed', async (_, value) => {
    const acme = await under([{ basic: 'user' }])
    expect(await acme.of(['Authorization', value])).toBe('malformed_credential')
  })

  it('may go without the other half, but not without the colon that ends a user', async () => {
    const user = await under([{ basic: 'user' }])
    expect(await user.of(['Authorization', basic(`${user.key}x`)])).toBe('malformed_credential')
    const password = await under([{ basic: 'password' }])
    expect(await password.of(['Authorization', basic(`:${password.key}`)])).toBe('one')
    expect(await password.of(['Authorization', basic(password.key)])).toBe('malformed_credential')
  })

  it.each([
    ['a character of no alphabet in front', (value: string) => value.replace('Basic ', 'Basic !')],
    ['a character of no alphabet behind', (value: string) => `${value}!`],
    ['white space inside', (value: string) => `${value.slice(0, 20)} ${value.slice(20)}`],
    ['more padding', (value: string) => `${value}==`],
    ['less padding', (value: string) => value.replace(/=+$/, '')],
    ['4,100 characters', (value: string) => value.replace(/=+$/, '').padEnd(4_106, 'A')],
  ])('holds no key with %s, though lenient decoders find one', async (_, spoil) => {
    const acme = await under([{ basic: 'user' }])
    const value = basic(`${acme.key}:`)
    expect(value).toMatch(/=$/)
    expect(await acme.of(['Authorization', value])).toBe('one')
    expect(await acme.of(['Authorization', spoil(value)])).toBe('malformed_credential')
  })

  it('joined with another is refused as repeated', async () => {
    const acme = await under([{ basic: 'user' }])
    const one = basic(`${acme.key}:`)
    for (const headers of Object.values(
      shapesOf([
        ['Authorization', one],
        ['Authorization', one],
      ]),
    )) {
      expect(await acme.of(headers)).toBe('repeated_credential')
    }
  })
})

describe('a public id and a secret in two fields', () => {
  const pair: Source = { idHeader: 'Api-Key-Id', secretHeader: 'Api-Secret' }
  const cut = (credential: string): [string, string] => {
    const at = credential.indexOf('.')
    return [credential.slice(0, at), credential.slice(at + 1)]
  }

  it('are one credential together, and none apart', async () => {
    const acme = await under([pair], 'refuse', { length: 12, separator: '.' })
    const [id, secret] = cut(acme.key)
    const [otherId] = cut(acme.other)
    expect(await acme.of(['api-key-id', id, 'API-SECRET', secret])).toBe('one')
    expect(await acme.of(['Api-Key-Id', id])).toBe('malformed_credential')
    expect(await acme.of(['Api-Secret', secret])).toBe('malformed_credential')
    expect(await acme.of(['Api-Key-Id', otherId, 'Api-Secret', secret])).toMatch(/malformed_credential|unknown_key/)
    expect(await acme.of(['Api-Key-Id', acme.key, 'Api-Secret', ''])).toBe('malformed_credential')
    expect(await acme.of(['Api-Key-Id', '', 'Api-Secret', acme.key])).toBe('malformed_credential')
    for (const [name, value] of [
      ['Api-Key-Id', id],
      ['Api-Secret', secret],
    ] as const) {
      const fields: [string, string][] = [
        ['Api-Key-Id', id],
        ['Api-Secret', secret],
        [name, value],
      ]
      for (const headers of Object.values(shapesOf(fields))) expect(await acme.of(headers)).toBe('repeated_credential')
    }
    expect(await acme.of([])).toBe('missing_credential')
  })
})

describe('the query', () => {
  const query: Source = { query: 'api_key', keysEndUpInLogs: true }

  it('is read where the contract says so, byte for byte', async () => {
    const acme = await under([query])
    expect(await acme.of({ query: `a=b&api_key=${acme.key}&c` })).toBe('one')
    expect(await acme.of({ query: `api_key=${acme.key}&api_key=${acme.key}` })).toBe('repeated_credential')
    expect(await acme.of({ query: 'api_key' })).toBe('malformed_credential')
    expect(await acme.of({ query: 'api_key=' })).toBe('malformed_credential')
    expect(await acme.of({ query: `api_key=%61${acme.key.slice(1)}` })).toBe('malformed_credential')
    expect(await acme.of({ query: `API_KEY=${acme.key}` })).toBe('missing_credential')
    expect(await acme.of({ query: `api%5Fkey=${acme.key}` })).toBe('missing_credential')
    expect(await acme.of({ query: '' })).toBe('missing_credential')
    expect(await acme.of({ headers: ['api_key', acme.key] })).toBe('missing_credential')
  })

  it('is never read where it does not', async () => {
    const acme = await under([bearer])
    expect(await acme.of({ query: `api_key=${acme.key}&access_token=${acme.key}` })).toBe('missing_credential')
  })
})

describe('whatever is sent', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('Bearer ', 'Bearer', 'Basic eDp5'),
  )
  const name = fc.oneof(text, fc.constantFrom('Authorization', 'x-api-key', 'Api-Key-Id', '__proto__', 'constructor'))
  const headers = fc.oneof(
    fc.array(fc.oneof(name, text), { maxLength: 12 }),
    fc.dictionary(name, fc.oneof(text, fc.array(text, { maxLength: 3 }), fc.constant(undefined)), { maxKeys: 6 }),
  )
  const everySource: Source[] = [
    bearer,
    apiKey,
    { basic: 'user' },
    { idHeader: 'Api-Key-Id', secretHeader: 'Api-Secret' },
    { query: 'key', keysEndUpInLogs: true },
  ]

  it.each(['first', 'equal', 'refuse'] as const)('it is refused and never throws (%s)', async (whenSeveral) => {
    const acme = await under(everySource, whenSeveral, { length: 12, separator: '.' })
    await fc.assert(
      fc.asyncProperty(headers, text, async (sent, query) => {
        const reason = await acme.of({ headers: sent as HeadersLike, query })
        expect(reason).toMatch(/^(missing|malformed|repeated)_credential$|^conflicting_credentials$/)
      }),
      { numRuns: 3000 },
    )
  })
})
