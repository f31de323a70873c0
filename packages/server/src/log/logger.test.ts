import { builtIn } from '@keywright/contracts'
import { compileFormat } from '@keywright/core'
import { describe, expect, it } from 'vitest'
import { createLogger, type Facts } from './logger.ts'
import { createRedaction } from './redact.ts'

describe('the log', () => {
  function lineOf(message: string, facts?: Facts, prefixes: string[] = ['kw_live_']): string {
    let text = ''
    const sink = {
      write(line: string) {
        text += line
      },
    }
    createLogger({ sink, redact: createRedaction(prefixes) }).error(message, facts)
    return text
  }

  it('is one JSON object a line, with time and level', () => {
    const line = lineOf('ready', { edge: 'http://127.0.0.1:8787', status: 200 })
    expect(line.endsWith('}\n')).toBe(true)
    expect(JSON.parse(line)).toEqual({
      level: 'error',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      edge: 'http://127.0.0.1:8787',
      status: 200,
      msg: 'ready',
    })
  })

  describe.each(Object.entries(builtIn))('with keys of %s', (_, contract) => {
    const format = compileFormat(contract.key)
    const prefixes = format.forms.map(({ prefix }) => prefix)
    const [form] = format.forms
    const { credential } = format.mint({ environment: form?.environment ?? '', kind: form?.kind ?? '' })
    const secret = credential.slice(form?.prefix.length)

    it.each([
      ['a message', (key: string) => ({ message: `could not verify ${key}` })],
      ['an exception', (key: string) => ({ error: new Error(`bad header: Bearer ${key}`) })],
      ['the cause of an exception', (key: string) => ({ error: new Error('no', { cause: new Error(`key=${key}`) }) })],
      ['a thrown text', (key: string) => ({ error: `${key} is no key` })],
      ['a path', (key: string) => ({ path: `/v1/${key}/x` })],
      ['an address', (key: string) => ({ edge: `http://a/b?token=${key}` })],
      ['JSON inside a text', (key: string) => ({ message: JSON.stringify({ headers: { 'x-api-key': key } }) })],
      ['JSON twice inside a text', (key: string) => ({ message: JSON.stringify(JSON.stringify({ key })) })],
      ['a text without spaces', (key: string) => ({ message: `a${key}${key}b` })],
      ['capitals', (key: string) => ({ message: key.toUpperCase() })],
      ['a piece', (key: string) => ({ message: key.slice(0, -10) })],
    ])('never holds one that stands in %s', (_, place) => {
      const { message = 'failed', ...facts } = place(credential) as Facts & { message?: string }
      const line = lineOf(message, facts, prefixes)
      expect(line.toLowerCase()).not.toContain(secret.toLowerCase().slice(0, 16))
      expect(() => JSON.parse(line)).not.toThrow()
    })
  })

  it.each([
    ['kwo_0123456789abcdefABCDEF', '0123456789'],
    ['kwc_0123456789abcdefABCDEF', '0123456789'],
    ['Authorization: Basic dXNlcjpwYXNz', 'dXNlcjpwYXNz'],
    ['authorization: Bearer e30.e30.c2ln', 'e30.e30'],
    ['{"authorization":"opaque value"}', 'opaque'],
    ['{"x-api-key":"opaque"}', 'opaque'],
    ['X-Api-Key=opaque', 'opaque'],
    ['cookie: a=1; session=opaque', 'opaque'],
    ['Set-Cookie: session=opaque; HttpOnly', 'opaque'],
    ['GET /v1/a?token=opaque&x=opaque2', 'opaque'],
    ['http://a.example/?q=opaque', 'opaque'],
  ])('never holds what is secret in %s', (message, secret) => {
    expect(lineOf(message)).not.toContain(secret)
    expect(lineOf('failed', { error: new Error(message) })).not.toContain(secret)
  })

  it('keeps the hint of a key, and words like those it looks for', () => {
    const message = 'kw_live_…a3F9 was revoked; no authorization was sent; is this a question? yes'
    expect(JSON.parse(lineOf(message)).msg).toBe(message)
  })

  it.each([
    ['a line feed', 'a\nb'],
    ['a carriage return', 'a\r\nb'],
    ['an ANSI escape', 'a\u001b[31mb'],
    ['a C1 control', 'a\u009b31mb'],
    ['a line separator', 'a\u2028b\u2029c'],
    ['a change of direction', 'a\u202eb\u2066c'],
    ['a quotation mark that would end the text', 'a","level":"info'],
    ['NUL', 'a\0b'],
  ])('stays one record with %s in it', (_, text) => {
    const line = lineOf(text, { path: text, error: new Error(text) })
    expect(line.trimEnd()).toMatch(/^[^\p{C}\u2028\u2029]*$/u)
    const record = JSON.parse(line)
    expect(record.msg).toBe(text)
    expect(record.path).toBe(text)
    expect(record.level).toBe('error')
  })

  it('leaves out what an error carries beside its name, message, code and stack', () => {
    const error = Object.assign(new Error('no'), { code: 'E_NO', parameters: ['opaque'], headers: { a: 'opaque' } })
    const line = lineOf('failed', { error })
    expect(line).not.toContain('opaque')
    expect(JSON.parse(line).error).toMatchObject({ name: 'Error', message: 'no', code: 'E_NO' })
  })
})
