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
    const character = text[i]
    if (character === '{' || character === '[') {
      nameComesNext = character === '{'
      open.push(nameComesNext ? new Set() : null)
      walker.opened(open.length)
    } else if (character === '}' || character === ']') {
      open.pop()
      nameComesNext = false
    } else if (character === ',') {
      nameComesNext = open.at(-1) !== null
    } else if (character === '"') {
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
  let i = start + 1
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1
  return i
}
