const OBJECT = 0x7b
const OBJECT_END = 0x7d
const LIST = 0x5b
const LIST_END = 0x5d
const COMMA = 0x2c
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Who is told of what stands in a text. */
export interface Walker {
  /** An object or a list begins, so many deep. */
  opened(depth: number): void
  /** `at`: where its name begins. `isRepeated`: its object has one of that name already. */
  member(name: string, isRepeated: boolean, at: number): void
}

/**
 * Goes over the brackets and strings of what is known to be JSON. Unlike `JSON.parse` it shows a member that is there
 * twice, of which that keeps the last.
 */
export function walkJson(text: string, walker: Walker): void {
  /** The names of each open object; null for an open list. */
  const open: (Set<string> | null)[] = []
  let nameComesNext = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === OBJECT || code === LIST) {
      nameComesNext = code === OBJECT
      open.push(nameComesNext ? new Set() : null)
      walker.opened(open.length)
    } else if (code === OBJECT_END || code === LIST_END) {
      open.pop()
      nameComesNext = false
    } else if (code === COMMA) {
      nameComesNext = open.at(-1) !== null
    } else if (code === QUOTE) {
      const end = endOfString(text, i)
      const names = nameComesNext ? open.at(-1) : null
      if (names) {
        const name: string = JSON.parse(text.slice(i, end + 1))
        walker.member(name, names.has(name), i)
        names.add(name)
      }
      nameComesNext = false
      i = end
    }
  }
}

/** Index of the closing quotation mark of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; ; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) return i
    if (code === BACKSLASH) i++
  }
}
