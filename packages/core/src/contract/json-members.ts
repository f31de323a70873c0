/**
 * What is wrong with a text as one strict JSON object (RFC 8259), or null. `onMember` is told each member of the
 * outermost object, in order: its unescaped name, and its value where that is a string, else null.
 *
 * Unlike `JSON.parse` it shows a member that is there twice, where one parser takes the first and the next the last.
 */
export function scanObject(text: string, onMember: (name: string, value: string | null) => void): string | null {
  const scanner = new Scanner(text)
  scanner.space()
  if (text.charCodeAt(scanner.at) !== brace) return 'it is not a JSON object'
  if (!scanner.object(1, onMember))
    return scanner.tooDeep ? `it is nested more than ${deepest} deep` : 'it is not valid JSON'
  scanner.space()
  return scanner.at === text.length ? null : 'there is something after the JSON object'
}

const deepest = 64
const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const bracket = 0x5b
const backslash = 0x5c
const closingBracket = 0x5d
const brace = 0x7b
const closingBrace = 0x7d
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const escaped = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y

/** Each method reads one thing at `at` and moves behind it, or answers false. */
class Scanner {
  at = 0
  tooDeep = false
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  space(): void {
    for (
      let code = this.#next();
      code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
      code = this.#next()
    ) {
      this.at++
    }
  }

  object(depth: number, onMember?: (name: string, value: string | null) => void): boolean {
    if (!this.#enter(depth)) return false
    if (this.#is(closingBrace)) return true
    do {
      this.space()
      const name = this.at
      if (!this.#string()) return false
      const colonAfter = this.at
      if (!this.#is(colon)) return false
      this.space()
      const value = this.at
      if (!this.#value(depth)) return false
      onMember?.(
        JSON.parse(this.#text.slice(name, colonAfter)),
        this.#text.charCodeAt(value) === quote ? JSON.parse(this.#text.slice(value, this.at)) : null,
      )
    } while (this.#is(comma))
    return this.#is(closingBrace)
  }

  #array(depth: number): boolean {
    if (!this.#enter(depth)) return false
    if (this.#is(closingBracket)) return true
    do {
      this.space()
      if (!this.#value(depth)) return false
    } while (this.#is(comma))
    return this.#is(closingBracket)
  }

  #enter(depth: number): boolean {
    this.tooDeep = depth > deepest
    this.at++
    return !this.tooDeep
  }

  #value(depth: number): boolean {
    const code = this.#next()
    if (code === quote) return this.#string()
    if (code === brace) return this.object(depth + 1)
    if (code === bracket) return this.#array(depth + 1)
    return this.#word('true') || this.#word('false') || this.#word('null') || this.#match(number)
  }

  #string(): boolean {
    if (this.#next() !== quote) return false
    this.at++
    for (let code = this.#next(); code !== quote; code = this.#next()) {
      if (code === backslash) {
        if (!this.#match(escaped)) return false
      } else if (code >= 0x20) {
        this.at++
      } else {
        return false
      }
    }
    this.at++
    return true
  }

  /** White space, then this character. */
  #is(code: number): boolean {
    this.space()
    if (this.#next() !== code) return false
    this.at++
    return true
  }

  #word(word: string): boolean {
    if (!this.#text.startsWith(word, this.at)) return false
    this.at += word.length
    return true
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    if (!pattern.test(this.#text)) return false
    this.at = pattern.lastIndex
    return true
  }

  /** NaN at the end, which is unequal to and not above anything. */
  #next(): number {
    return this.#text.charCodeAt(this.at)
  }
}
