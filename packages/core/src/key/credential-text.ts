import { longestCredential } from './shape.ts'

/** Where in its bytes a credential begins. What precedes it in a header field is written before. */
export const CREDENTIAL_AT = 64

const encoder = new TextEncoder()

/**
 * The credential at hand, within the text it was sent in. Written out as bytes once, which are then parsed and digested
 * where they are: that costs less than a string of its own, or asking it for each character. One is used again and
 * again; whoever waits takes `toString()` along.
 */
export class CredentialText {
  /** From CREDENTIAL_AT on, as many as `length` says. */
  readonly bytes: Uint8Array = new Uint8Array(CREDENTIAL_AT + 3 * longestCredential)
  /** The same, to be read four at once. */
  readonly data: DataView = new DataView(this.bytes.buffer)
  /** Characters, which are bytes here; −1 for what is not ASCII alone, or longer than any credential. */
  length = -1
  /** What could not be written out; else nothing: to keep a string here would cost each call. */
  private unfit = ''
  /** By where in its text the credential starts: where that text is written to. */
  private readonly targets: Uint8Array[] = []
  /** By length. */
  private readonly views: Uint8Array[] = []
  private readonly buffer = Buffer.from(this.bytes.buffer)

  /** What stands in `text` from `start` on, with nothing but ASCII before. */
  set(text: string, start = 0): void {
    if (start > CREDENTIAL_AT) {
      this.set(text.slice(start))
      return
    }
    const length = text.length - start
    // As many bytes as characters: ASCII alone.
    const fits =
      length >= 0 &&
      length <= longestCredential &&
      encoder.encodeInto(text, this.targetOf(start)).written === text.length
    this.length = fits ? length : -1
    if (!fits) this.unfit = text.slice(start)
    else if (this.unfit !== '') this.unfit = ''
  }

  /** Whether these are the characters before it, and none of it is white space to begin with. */
  follows(before: Uint8Array): boolean {
    const { bytes } = this
    const at = CREDENTIAL_AT - before.length
    for (let i = 0; i < before.length; i++) if (bytes[at + i] !== before[i]) return false
    return this.length > 0 && (bytes[CREDENTIAL_AT] as number) > 0x20
  }

  /** The bytes alone, for those who cannot be told where they begin. Good until the next `set`. */
  view(): Uint8Array {
    const { length, views } = this
    const known = views[length]
    if (known) return known
    const view = this.bytes.subarray(CREDENTIAL_AT, CREDENTIAL_AT + length)
    views[length] = view
    return view
  }

  /** Whether it holds a character of ASCII. */
  includes(character: string): boolean {
    return this.length < 0 ? this.unfit.includes(character) : this.view().includes(character.charCodeAt(0))
  }

  toString(): string {
    return this.length < 0 ? this.unfit : this.buffer.toString('latin1', CREDENTIAL_AT, CREDENTIAL_AT + this.length)
  }

  private targetOf(start: number): Uint8Array {
    const known = this.targets[start]
    if (known) return known
    const target = this.bytes.subarray(CREDENTIAL_AT - start)
    this.targets[start] = target
    return target
  }
}
