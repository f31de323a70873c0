import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readNamespaceInBody } from './namespace-in-body.ts'

const rule = { member: 'namespace', whenAbsent: 'default' }

function read(body: string | Uint8Array, presence?: 'required' | 'optional', encoding?: string) {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const found = readNamespaceInBody(bytes, rule, presence, encoding)
  return found.valid ? found.namespace : found.message
}

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

function isJsonObject(text: string): boolean {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}
