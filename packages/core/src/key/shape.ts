import { alphabets, base64url, lastOfBase64url } from './alphabet.ts'
import type { KeyForm, KeyRule, PublicIdRule, Random } from './format.ts'

/** A form spelled out. Every credential of a form has the same length and the same choice at each position. */
export interface Shape {
  form: KeyForm
  random: Random
  publicId: PublicIdRule | null
  checksum: boolean
  /** For each position the characters it can hold; one, where it is fixed. */
  positions: readonly string[]
}

export const checksumLength = 6

/** Nothing longer is a credential, whatever the contract. */
export const longestCredential = 512

const leastEntropyBits = 128

/** Bits of entropy in the random part. */
export function entropyBits(random: Random): number {
  return 'bytes' in random ? random.bytes * 8 : random.length * Math.log2(alphabets[random.alphabet].length)
}

export function publicIdOf(form: KeyForm, rule: KeyRule): PublicIdRule | null {
  return form.publicId === undefined ? rule.publicId : form.publicId
}

/** @throws RangeError for a form that is too weak, too long, or could not stand in a header */
export function shapeOf(form: KeyForm, rule: KeyRule): Shape {
  const random = form.random ?? rule.random
  const publicId = publicIdOf(form, rule)
  const checksum = form.checksum ?? rule.checksum
  const positions = [
    ...form.prefix,
    ...(publicId ? [...times(alphabets.base62, publicId.length), ...publicId.separator] : []),
    ...randomPositions(random),
    ...(checksum ? times(alphabets.base62, checksumLength) : []),
  ]
  const name = `Form '${form.prefix}'`
  if (!/^[\x21-\x7e]*$/.test(form.prefix + (publicId?.separator ?? '')))
    throw new RangeError(`${name}: prefix and separator are printable ASCII without white space.`)
  if (entropyBits(random) < leastEntropyBits)
    throw new RangeError(
      `${name}: ${Math.floor(entropyBits(random))} random bits; at least ${leastEntropyBits} are needed.`,
    )
  if (positions.length > longestCredential)
    throw new RangeError(`${name}: ${positions.length} characters; a credential has at most ${longestCredential}.`)
  return { form, random, publicId, checksum, positions }
}

/** Says which two forms of a rule could be mistaken for each other: some string fits both. null: none. */
export function formsOverlap(rule: KeyRule): string | null {
  const shapes = rule.forms.map((form) => shapeOf(form, rule))
  for (const [i, a] of shapes.entries()) {
    for (const [j, b] of shapes.slice(0, i).entries()) {
      if (overlap(a, b))
        return `Forms ${j + 1} ('${b.form.prefix}') and ${i + 1} ('${a.form.prefix}'): the same string can be a key of both.`
    }
  }
  return null
}

function overlap(a: Shape, b: Shape): boolean {
  if (a.positions.length !== b.positions.length) return false
  return a.positions.every((choice, i) => [...choice].some((character) => b.positions[i]?.includes(character)))
}

function randomPositions(random: Random): string[] {
  if (!('bytes' in random)) return times(alphabets[random.alphabet], random.length)
  return [...times(base64url, Math.ceil((random.bytes * 4) / 3) - 1), lastOfBase64url(random.bytes)]
}

function times(choice: string, count: number): string[] {
  return Array.from({ length: count }, () => choice)
}
