import { alphabets } from './alphabet.ts'
import { CredentialText } from './credential-text.ts'
import { type Description, describeWith } from './describe.ts'
import type { KeyForm, KeyRule } from './format.ts'
import { patternOf, type ScanPattern } from './pattern.ts'
import { randomBase64url, randomText } from './random.ts'
import { checksumOf, compileScan, match } from './scan.ts'
import { type Shape, shapeOf } from './shape.ts'

/** How one API's credentials are made, told from anything else, and shown. */
export interface CredentialFormat {
  /** In the order of the rule; what `parse` answers with is an index into it. */
  forms: readonly KeyForm[]
  /**
   * A new credential of the first form of that environment and kind that is not retired.
   * @throws RangeError where there is none
   */
  mint: (as: { environment: string; kind: string }) => Minted
  /**
   * Index of the form that the text is a credential of, or −1. Byte-exact, decided by shape and checksum alone: it
   * does not mean that there is such a key. Takes any string and never throws.
   */
  parse: (text: string | CredentialText) => number
  /** What people may see of a credential: `kw_live_…a3F9`, or prefix and public id; `…` for what is none. */
  hint: (credential: string) => string
  /** The credential from its two halves, prefix and public id in the first; '' where the first is no such half. */
  join: (id: string, secret: string) => string
  /** One for each form, for secret scanners. */
  patterns: () => readonly ScanPattern[]
  /** What is wrong with a credential, in words that do not repeat it. Slow: for people. */
  describe: (credential: string) => Description
}

/** What leaves this function once is nowhere afterwards: only the digest of `credential` is kept. */
interface Minted {
  credential: string
  hint: string
}

/** @throws RangeError for a form with fewer than 128 random bits, or longer than 512 characters */
export function compileFormat(rule: KeyRule): CredentialFormat {
  const shapes = rule.forms.map((form) => shapeOf(form, rule))
  const scans = shapes.map(compileScan)

  const own = new CredentialText()

  function parse(text: string | CredentialText): number {
    if (typeof text !== 'string') return match(scans, text)
    own.set(text)
    return match(scans, own)
  }

  function hint(credential: string): string {
    const shape = shapes[parse(credential)]
    return shape ? hintOf(shape, credential) : '…'
  }

  return {
    forms: rule.forms,
    parse,
    hint,
    mint({ environment, kind }) {
      const shape = shapes.find(({ form }) => form.environment === environment && form.kind === kind && !form.retired)
      if (!shape) throw new RangeError(`No form issues ${kind} keys for ${environment}; there are ${issued(rule)}.`)
      return mintAs(shape)
    },
    join(id, secret) {
      let joined = ''
      for (const shape of shapes) {
        if (!shape.publicId || !isIdOf(shape, id)) continue
        const other = id + shape.publicId.separator + secret
        if (parse(joined) < 0) joined = other
      }
      return joined
    },
    patterns: () => shapes.map(patternOf),
    describe: (credential) => describeWith(shapes, credential),
  }
}

function mintAs(shape: Shape): Minted {
  const { form, random, publicId } = shape
  const id = publicId ? randomText(alphabets.base62, publicId.length) + publicId.separator : ''
  const secret =
    'bytes' in random ? randomBase64url(random.bytes) : randomText(alphabets[random.alphabet], random.length)
  const unchecked = form.prefix + id + secret
  const credential = shape.checksum ? unchecked + checksumOf(unchecked) : unchecked
  return { credential, hint: hintOf(shape, credential) }
}

function hintOf({ form, publicId }: Shape, credential: string): string {
  if (publicId) return credential.slice(0, form.prefix.length + publicId.length)
  return `${form.prefix}…${credential.slice(-4)}`
}

function isIdOf({ form, publicId }: Shape, id: string): boolean {
  return publicId !== null && id.length === form.prefix.length + publicId.length && id.startsWith(form.prefix)
}

function issued(rule: KeyRule): string {
  return rule.forms
    .filter(({ retired }) => !retired)
    .map(({ environment, kind }) => `${environment} ${kind}`)
    .join(', ')
}
