import { scanObject } from '@keywright/core'
import type { EdgeRequest } from './edge-routes.ts'
import { Refused } from './refused.ts'

/** What one member of a body has to be. */
export interface Member<T> {
  /** Follows "must be". */
  expected: string
  accepts(value: unknown): value is T
  optional: boolean
}

export const text: Member<string> = {
  expected: 'a string',
  accepts: (value) => typeof value === 'string',
  optional: false,
}

export const texts: Member<readonly string[]> = {
  expected: 'a list of strings',
  accepts: (value): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  optional: false,
}

/** It may be absent, or null. */
export function optional<T>(member: Member<T>): Member<T | undefined> {
  return { ...member, optional: true } as Member<T | undefined>
}

const mostBytes = 64 * 1024

/**
 * The members of a request's body, which holds these and no others. What two parsers could read in two ways is refused:
 * a member that is there twice, another encoding than UTF-8, anything beside one JSON object.
 * @throws Refused
 */
export async function readMembers<T extends object>(
  request: EdgeRequest,
  members: { [Name in keyof T]: Member<T[Name]> },
): Promise<T> {
  const body = await readObject(request)
  for (const name of Object.keys(body)) {
    if (!Object.hasOwn(members, name)) throw bad(`${quoted(name)} is not a known member; there are ${listed(members)}.`)
  }
  const entries = Object.entries<Member<unknown>>(members).map(([name, member]) => {
    const value = body[name] ?? undefined
    if (value === undefined && !member.optional) throw bad(`'${name}' is missing.`)
    if (value !== undefined && !member.accepts(value)) throw bad(`'${name}' must be ${member.expected}.`)
    return [name, value]
  })
  return Object.fromEntries(entries) as T
}

async function readObject(request: EdgeRequest): Promise<Record<string, unknown>> {
  const bytes = await request.readBody(mostBytes)
  if (bytes === null) throw new Refused('payload_too_large')
  const source = decode(bytes)
  const names = new Set<string>()
  let repeated: string | null = null
  const problem = scanObject(source, (name) => {
    if (names.has(name)) repeated ??= name
    names.add(name)
  })
  if (problem !== null) throw bad(`The body must be one JSON object; ${problem}.`)
  if (repeated !== null) throw bad(`${quoted(repeated)} is there twice.`)
  return JSON.parse(source)
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw bad('The body must be JSON in UTF-8.')
  }
}

function bad(sentence: string): Refused {
  return new Refused('invalid_request', sentence)
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 64))
}

function listed(members: object): string {
  return Object.keys(members).join(', ')
}
