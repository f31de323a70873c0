import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readNamespaceInBody } from './namespace-in-body.ts'

const rule = { member: 'namespace', whenAbsent: 'default' }

function read(body: string | Uint8Array, presence?: 'required' | 'optional', encoding?: string) {
  const found = find(body, presence, encoding === undefined ? [] : ['Content-Encoding', encoding])
  return found.valid ? found.namespace : found.message
}

function find(body: string | Uint8Array, presence: 'required' | 'optional' = 'required', rawHeaders: string[] = []) {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  return readNamespaceInBody(bytes, rule, presence, rawHeaders)
}

const typed = (...types: string[]) => types.flatMap((type) => ['Content-Type', type])

describe('the namespace in a body', () => {
  it.each([
    ['{"namespace":"staging"}', 'staging'],
    [' {\n"a" : [1, {"namespace": "x"}], "namespace":\t"staging" } \r\n', 'staging'],
    ['{"n\\u0061mespace":"st\\u0061ging"}', 'staging'],
    ['{}', 'default'],
    ['{"a":1,"a":2}', 'default'],
    ['{"a":{"namespace":1,"Namespace":2}}', 'default'],
    ['{"namespace":""}', ''],
  ])('of %s is %j', (body, namespace) => {
    expect(read(body)).toBe(namespace)
  })

  it.each([
    '{"namespace":"a","namespace":"a"}',
    '{"namespace":"a","n\\u0061mespace":"b"}',
    '{"namespace":null,"namespace":"b"}',
  ])('given twice is refused: %s', (body) => {
    expect(read(body)).toBe("The body must hold the member 'namespace' once.")
  })

  it.each([
    '{"Namespace":"a"}',
    '{"namespace":"a","NAMESPACE":"b"}',
    '{"name\u017fpace":"a"}',
    '{"namespace\\u0000":"a"}',
    '{" namespace":"a"}',
  ])('that another parser might take for it is refused: %s', (body) => {
    expect(read(body)).toBe("The body must spell the member 'namespace' just so.")
  })

  it.each(['null', '1', 'true', '["a"]', '{"a":"b"}'])('that is %s is no string', (value) => {
    expect(read(`{"namespace":${value}}`)).toBe("The body must hold a string as 'namespace'.")
  })

  it.each([
    '',
    '[]',
    '"namespace"',
    'namespace=staging',
    '{"namespace":"a"} {}',
    '{"namespace":"a"}x',
    '{"namespace":"a",}',
    "{'namespace':'a'}",
    '{namespace:"a"}',
    '{"namespace":"a"/**/}',
    '{"namespace":"a\nb"}',
    '{"namespace":"\\x61"}',
    '{"a":01}',
    '{"a":NaN}',
    '{"a":1.}',
    '{"a"',
    '{"a":"',
    '{"a":"\\',
    '{',
  ])('cannot be read from %j', (body) => {
    expect(read(body)).toMatch(/^The body must be one JSON object; /)
  })

  it('cannot be read from other encodings', () => {
    const json = '{"namespace":"a"}'
    expect(read(`\ufeff${json}`)).toBe('The body must be JSON in UTF-8 without a byte order mark.')
    expect(read(Buffer.from(json, 'utf16le'))).toMatch(/^The body must be /)
    expect(read(Buffer.from('{"namespace":"\xff"}', 'latin1'))).toMatch(/UTF-8/)
    expect(read(Buffer.from([0xed, 0xa0, 0x80]))).toMatch(/UTF-8/)
    expect(read(json, 'required', 'gzip')).toBe('The body must be sent without a Content-Encoding.')
    expect(read(json, 'required', 'Identity')).toBe('a')
    for (const [one, other] of [
      ['identity', 'gzip'],
      ['gzip', 'identity'],
      ['', ''],
    ] as const) {
      const found = find(json, 'required', ['Content-Encoding', one, 'content-encoding', other])
      expect(found).toEqual({ valid: false, message: 'The body must be sent without a Content-Encoding.' })
    }
  })

  it('is looked for only so deep', () => {
    const nested = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)},"namespace":"a"}`
    expect(read(nested(63))).toBe('a')
    expect(read(nested(64))).toBe('The body must be one JSON object; it is nested more than 64 deep.')
    expect(read(nested(500_000))).toMatch(/nested/)
  })

  it('is what JSON.parse finds, for every object with distinct members', () => {
    const objects = fc.dictionary(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constant('namespace')),
      fc.oneof(fc.jsonValue({ maxDepth: 6 }), fc.string({ unit: 'binary' })),
    )
    fc.assert(
      fc.property(objects, fc.nat(3), (object, indent) => {
        const expected = Object.hasOwn(object, 'namespace') ? object.namespace : 'default'
        const found = read(JSON.stringify(object, null, indent))
        if (typeof expected === 'string') expect(found).toBe(expected)
        else expect(found).toBe("The body must hold a string as 'namespace'.")
      }),
    )
  })

  it('is read exactly where JSON.parse finds an object', () => {
    const piece = fc.constantFrom(
      ...['{', '}', '[', ']', ':', ',', '"a"', '"namespace"', '"\\u0062"', '1', '-0.5e+3', '01', '-', 'true', 'null'],
      ...[' ', '\n', '\u00a0', '\t', '"', '\\', '{}', '[]', 'nul', '.5', '1e', '"\\q"', '"\u0001"', '{"a":1}'],
    )
    const almost = fc.tuple(fc.jsonValue(), fc.nat(), piece).map(([value, at, inserted]) => {
      const text = JSON.stringify({ value })
      const cut = at % (text.length + 1)
      return text.slice(0, cut) + inserted + text.slice(cut + (at % 2))
    })
    const random = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(fc.oneof(almost, random), (text) => {
        const isReadable = !/^The body must be one JSON object/.test(read(text) ?? '')
        expect(isReadable).toBe(isJsonObject(text))
      }),
      { numRuns: 3000 },
    )
  })
})

describe('the namespace in a body whose path names one already', () => {
  it.each(['', 'binary \x00\xff', '[{"namespace":"a"}]', '"{"', 'namespace=a', '{}'])('is none in %j', (body) => {
    expect(read(body, 'optional')).toBeNull()
  })

  it('is read by the same rules from anything that may be an object', () => {
    expect(read('{"namespace":"b"}', 'optional')).toBe('b')
    for (const body of [
      '\ufeff{"namespace":"b"}',
      '\u000b{"namespace":"b"}',
      '{"namespace":"b"',
      '{"Namespace":"b"}',
    ]) {
      expect(read(body, 'optional')).toMatch(/^The body must/)
    }
    expect(read(Buffer.from('\ufeff{"namespace":"b"}', 'utf16le'), 'optional')).toMatch(/^The body must/)
    expect(read('compressed', 'optional', 'gzip')).toMatch(/Content-Encoding/)
    expect(read('', 'optional', 'gzip')).toBeNull()
  })
})

describe('the Content-Type of a body', () => {
  const json = '{"namespace":"a"}'

  it.each([
    ['application/json'],
    ['application/json; charset=utf-8'],
    ['Application/JSON;Charset = "UTF-8"'],
    ['application/json;a=b;charset=utf8;c=d'],
    ['text/plain; charset=us-ascii'],
    ['text/plain;charset=ISO-8859-1'],
    ['text/plain'],
    ['application/octet-stream'],
    ['application/vnd.acme+json'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=x'],
    ['nonsense'],
    [''],
  ])('%s leaves one way to read it', (type) => {
    expect(find(json, 'required', typed(type))).toEqual({ valid: true, namespace: 'a' })
    expect(find(json, 'optional', typed(type))).toEqual({ valid: true, namespace: 'a' })
  })

  it.each([
    'utf-7',
    'UTF-7',
    '"utf-7"',
    'utf-16',
    'utf-32le',
    'utf-8x',
    'utf-8"',
    '"utf-8',
    '"utf\\-7"',
    "'utf-8'",
    'ibm037',
    'shift_jis',
    'iso-2022-kr',
    '',
    'utf-8; charset=utf-7',
    'utf-7; charset=utf-8',
    'utf-7; a=utf-8',
    'utf-7; a="utf-8"; b=c',
    'utf-8; x="charset=utf-7"',
    'utf-8, application/json',
  ])('with charset=%s leaves two, whatever is in it', (charset) => {
    for (const presence of ['required', 'optional'] as const) {
      expect(find(json, presence, typed(`application/json; charset=${charset}`))).toEqual({
        valid: false,
        message: expect.stringMatching(/^The body must (?:be in UTF-8 by its|come with one) Content-Type/),
        named: 'a',
      })
    }
    const seven = '+AHsAIg-namespace+ACIAOgAi-b+ACIAfQ-'
    expect(find(seven, 'optional', typed(`application/json; charset=${charset}`))).toMatchObject({ named: null })
    expect(find('', 'optional', typed(`application/json; charset=${charset}`)).valid).toBe(true)
  })

  it.each([
    'application/json; charset',
    'application/json; CharSet=utf-7',
    'application/json; charset*=utf-7',
    'application/json; charset*0=utf-;a=b',
  ])('%s leaves two', (type) => {
    expect(find(json, 'required', typed(type))).toMatchObject({ valid: false, named: 'a' })
  })

  it('given twice leaves two', () => {
    expect(find(json, 'required', typed('text/plain', 'text/plain'))).toMatchObject({ valid: false, named: 'a' })
    expect(find(json, 'required', typed('text/plain, text/plain'))).toMatchObject({ valid: false, named: 'a' })
  })

  it('that is a form leaves two where a form could have a part in it', () => {
    for (const presence of ['required', 'optional'] as const) {
      for (const text of ['{"a":"&namespace=b&"}', '{"a":";namespace=b;"}', '{"a":1,"b":"&"}']) {
        for (const type of ['x-www-form-urlencoded', 'X-WWW-Form-URLEncoded']) {
          expect(find(text, presence, typed(`application/${type}; charset=UTF-8`))).toMatchObject({
            valid: false,
            message: expect.stringMatching(/form/),
          })
        }
      }
      expect(find('{"--b"\r\n:1}', presence, typed('Multipart/mixed; boundary="b""'))).toMatchObject({ valid: false })
    }
    for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      for (const text of ['namespace=b', '%6eamespace=b', '--x\r\n', 'a']) {
        expect(find(text, 'optional', typed(type))).toMatchObject({ valid: false, named: null })
      }
    }
  })

  it('that is a form leaves no member in it that a reader of forms finds', () => {
    const piece = fc.constantFrom(
      ...['&', ';', '=', 'namespace', '=b', '%26', '+', '[', ']', '"', 'é', '--x', '\\u0026', ' ', 'a'],
    )
    const text = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(fc.dictionary(text, fc.oneof(text, fc.array(text))), (object) => {
        const body = JSON.stringify(object)
        if (!find(body, 'required', typed('application/x-www-form-urlencoded')).valid) return
        for (const name of new URLSearchParams(body).keys()) expect(name).toMatch(/^\{/)
      }),
    )
  })
})

function isJsonObject(text: string): boolean {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}
