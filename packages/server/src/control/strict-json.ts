import { walkJson } from '../json/walk.ts'
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
  walkJson(text, { opened: refuseDepth, member: refuseMember })
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

function refuseDepth(depth: number): void {
  if (depth > deepest) throw new StrictJsonError(`The body is nested more than ${deepest} levels deep.`)
}

function refuseMember(name: string, isRepeated: boolean): void {
  // Assigning to it would change what an object is instead of what it holds.
  if (name === '__proto__') {
    throw new StrictJsonError('A member is named __proto__.', { field: '__proto__', message: 'is not a known member' })
  }
  if (isRepeated) throw new StrictJsonError(`The member ${JSON.stringify(name.slice(0, 64))} is there twice.`)
}
