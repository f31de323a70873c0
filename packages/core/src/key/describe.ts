import { CredentialText } from './credential-text.ts'
import type { KeyForm } from './format.ts'
import { compileScan, match } from './scan.ts'
import type { Shape } from './shape.ts'

/** What can be said about a credential without asking anyone. Never holds any part of it but a form's prefix. */
export type Description = { valid: true; form: KeyForm } | { valid: false; problem: DescribedProblem; message: string }

type DescribedProblem = 'empty' | 'unknown_prefix' | 'wrong_length' | 'wrong_character' | 'wrong_checksum'

export function describeWith(shapes: readonly Shape[], credential: string): Description {
  if (credential === '') return wrong('empty', 'There is no key: the value is empty.')
  const sameStart = shapes.filter(({ form }) => credential.startsWith(form.prefix))
  if (sameStart.length === 0) return wrong('unknown_prefix', unknownPrefix(shapes, credential))

  const fitting = sameStart.filter(({ positions }) => positions.length === credential.length)
  const text = new CredentialText()
  text.set(credential)
  const found = fitting[match(fitting.map(compileScan), text)]
  if (found) return { valid: true, form: found.form }

  const likeliest = longestPrefix(fitting.length > 0 ? fitting : sameStart)
  const at = likeliest.positions.findIndex((choice, i) => !choice.includes(credential.charAt(i) || '\0'))
  if (at >= 0 && at < credential.length)
    return wrong('wrong_character', `Character ${at + 1} ${whatItIs(credential.charCodeAt(at))}.`)
  if (fitting.length === 0) {
    const expected = `${named(likeliest)} has ${likeliest.positions.length} characters`
    const surplus = credential.charCodeAt(likeliest.positions.length)
    const tail = credential.length > likeliest.positions.length ? `; the first one too many ${whatItIs(surplus)}` : ''
    return wrong('wrong_length', `${expected}, this has ${credential.length}${tail}.`)
  }
  return wrong('wrong_checksum', 'Its checksum does not match: at least one character is mistyped.')
}

function wrong(problem: DescribedProblem, message: string): Description {
  return { valid: false, problem, message }
}

function unknownPrefix(shapes: readonly Shape[], credential: string): string {
  const expected = `A key begins with ${[...new Set(shapes.map(({ form }) => form.prefix))].join(' or ')}`
  const first = credential.charCodeAt(0)
  return isExpected(first) ? `${expected}; this does not.` : `${expected}; the first character here ${whatItIs(first)}.`
}

function longestPrefix(shapes: readonly Shape[]): Shape {
  return shapes.reduce((a, b) => (b.form.prefix.length > a.form.prefix.length ? b : a))
}

function named({ form }: Shape): string {
  return form.prefix === '' ? 'A key' : `A key that begins with ${form.prefix}`
}

function isExpected(code: number): boolean {
  return code > 0x20 && code < 0x7f && code !== 0x22 && code !== 0x27
}

function whatItIs(code: number): string {
  if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) return 'is white space'
  if (code === 0x22 || code === 0x27) return 'is a quotation mark'
  if (code < 0x20 || code === 0x7f) return 'is a control character'
  if (code > 0x7f) return 'is not ASCII, though it may look so'
  return 'cannot stand in a key at that place'
}
