import type { z } from '@hono/zod-openapi'
import { articleOf, either } from '../docs/words.ts'
import { type FieldError, invalid } from './problem.ts'

/** The input as the schema reads it. @throws Problem that names every field at fault */
export function validated<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  throw invalid(result.error.issues.flatMap((issue) => fieldErrors(issue, input)))
}

/** @throws Problem for a parameter that is there twice, beside what the schema refuses */
export function validatedQuery<T extends z.ZodType>(schema: T, parameters: URLSearchParams): z.output<T> {
  const names = [...parameters.keys()]
  const repeated = names.filter((name, i) => names.indexOf(name) !== i)
  if (repeated.length > 0) throw invalid(repeated.map((field) => ({ field, message: 'is there twice' })))
  return validated(schema, Object.fromEntries(parameters))
}

type Issue = z.core.$ZodIssue

function fieldErrors(issue: Issue, input: unknown): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: fieldOf([...issue.path, key]), message: 'is not a known member' }))
  }
  const field = fieldOf(issue.path)
  if (issue.code === 'invalid_type' && isAbsent(issue.path, input)) return [{ field, message: 'is missing' }]
  return [{ field, message: messageOf(issue) }]
}

function messageOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${articled(issue.expected)}`
    case 'invalid_value':
      return `must be ${either(issue.values.map(String))}`
    case 'too_big':
      return `must ${sizeOf(issue.origin)} at most ${issue.maximum}${unitOf(issue.origin, issue.maximum)}`
    case 'too_small':
      return `must ${sizeOf(issue.origin)} at least ${issue.minimum}${unitOf(issue.origin, issue.minimum)}`
    case 'invalid_union':
      return 'has none of the accepted forms'
    default:
      return issue.message
  }
}

function articled(type: string): string {
  const word = { int: 'whole number', record: 'object' }[type] ?? type
  return `${articleOf(word)} ${word}`
}

function sizeOf(origin: string): string {
  return origin === 'string' || origin === 'array' || origin === 'object' ? 'have' : 'be'
}

function unitOf(origin: string, size: number | bigint): string {
  const isOne = Number(size) === 1
  if (origin === 'string') return isOne ? ' character' : ' characters'
  if (origin !== 'array' && origin !== 'object') return ''
  return isOne ? ' entry' : ' entries'
}

function fieldOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'body' : path.map((part) => String(part).slice(0, 64)).join('.')
}

function isAbsent(path: readonly PropertyKey[], input: unknown): boolean {
  let value = input
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return true
    value = (value as Record<PropertyKey, unknown>)[part]
  }
  return value === undefined
}
