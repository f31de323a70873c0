import type { FieldError } from './problem.ts'

const deepest = 16

/** Says why a body is refused; `field` is there where one member is at fault. */
export class StrictJsonError extends Error {
  readonly field: FieldError | null
  constructor(message: string, field: FieldError | null = null) {
    super(message)
    this.name = 'StrictJsonError'
    this.field = field
  }
}

/**
 * One JSON object (RFC 8259) in which no object has a member twice: what one reader takes first and another last
 * lets the two see different requests. Messages never repeat what the body holds but names of members.
 */
export function parseStrictObject(text: string): Record<string, unknown> {
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new StrictJsonError('The body must be a JSON object: { … }.')
  }
  refuseDuplicates(text)
  return value as Record<string, unknown>
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // The message of the parser quotes the body, which may hold a credential.
    const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined
    const where = position === undefined ? '' : ` (character ${Number(position) + 1})`
    throw new StrictJsonError(`The body is not valid JSON${where}.`)
  }
}

/** Walks the strings and brackets of what is known to be JSON. */
function refuseDuplicates(text: string): void {
  /** The names of each open object; null for an open array. */
  const open: (Set<string> | null)[] = []
  let nameComesNext = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : null)
      nameComesNext = character === '{'
      if (open.length > deepest) throw new StrictJsonError(`The body is nested more than ${deepest} levels deep.`)
    } else if (character === '}' || character === ']') {
      open.pop()
      nameComesNext = false
    } else if (character === ',') {
      nameComesNext = open.at(-1) !== null
    } else if (character === '"') {
      const end = endOfString(text, i)
      if (nameComesNext) takeName(open.at(-1), JSON.parse(text.slice(i, end + 1)))
      nameComesNext = false
      i = end
    }
  }
}

function takeName(names: Set<string> | null | undefined, name: string): void {
  // Assigning to it would change what an object is instead of what it holds.
  if (name === '__proto__') {
    throw new StrictJsonError('A member is named __proto__.', { field: '__proto__', message: 'is not a known member' })
  }
  if (names?.has(name)) throw new StrictJsonError(`The member ${JSON.stringify(name.slice(0, 64))} is there twice.`)
  names?.add(name)
}

/** Index of the closing quotation mark of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let i = start + 1
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1
  return i
}
