import type { Problem } from '../contract-error.ts'
import { nearest } from './nearest.ts'

/** Stands for an object inside what is none: one problem is enough. */
const unreadable = Symbol('unreadable')

/**
 * The fields of one object of foreign data. Only its own: what it inherits, `constructor` and all, is not there.
 * Whatever is wrong is noted, and something harmless returned, so that one reading finds every problem.
 */
export class Fields {
  readonly path: string
  readonly problems: Problem[]
  readonly #data: Readonly<Record<string, unknown>>
  readonly #isObject: boolean
  readonly #asked = new Set<string>()

  constructor(data: unknown, path: string, problems: Problem[]) {
    this.path = path
    this.problems = problems
    this.#isObject = isObject(data)
    this.#data = isObject(data) ? data : {}
    if (!this.#isObject && data !== unreadable) {
      problems.push({ field: path, message: `${described(data)}; an object is needed` })
    }
  }

  /** undefined where the field is absent. */
  take(name: string): unknown {
    this.#asked.add(name)
    return Object.hasOwn(this.#data, name) ? this.#data[name] : undefined
  }

  at(...names: readonly string[]): string {
    return names.reduce(memberOf, this.path)
  }

  report(names: string | readonly string[], message: string): void {
    this.problems.push({ field: this.at(...[names].flat()), message })
  }

  /** `check` says what is wrong with a text, or null. Without a fallback the field is needed. */
  text(name: string, { fallback, check }: { fallback?: string; check?: (text: string) => string | null } = {}): string {
    const value = this.take(name)
    if (value === undefined && fallback !== undefined) return fallback
    if (typeof value !== 'string') return this.#wrong(name, value, 'a text is needed', '')
    const problem = check?.(value) ?? null
    if (problem !== null) this.report(name, problem)
    return value
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#takeOr(name, fallback)
    return typeof value === 'boolean' ? value : this.#wrong(name, value, 'true or false is needed', fallback)
  }

  integer(name: string, { least, most, fallback }: { least: number; most: number; fallback?: number }): number {
    const value = this.take(name)
    if (value === undefined && fallback !== undefined) return fallback
    if (typeof value !== 'number') return this.#wrong(name, value, 'a number is needed', least)
    if (Number.isInteger(value) && value >= least && value <= most) return value
    this.report(name, `${value}; a whole number from ${least} to ${most} is needed`)
    return least
  }

  choice<const T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.#takeOr(name, fallback)
    const chosen = choices.find((choice) => choice === value)
    return chosen ?? this.#wrong(name, value, `one of ${choices.join(', ')} is needed`, fallback)
  }

  /** Absent, it is an object without fields. */
  fields(name: string): Fields {
    const value = this.take(name)
    const absent = this.#isObject ? {} : unreadable
    return new Fields(value === undefined ? absent : value, this.at(name), this.problems)
  }

  /** `whenEmpty` says what is wrong with an empty one. */
  list<T>(
    name: string,
    read: (value: unknown, path: string) => T,
    { needed = false, whenEmpty }: { needed?: boolean; whenEmpty?: string } = {},
  ): T[] {
    const value = this.#takeOr(name, needed ? undefined : [])
    if (!Array.isArray(value)) return this.#wrong(name, value, 'a list is needed', [])
    if (value.length === 0 && whenEmpty !== undefined) this.report(name, whenEmpty)
    // Unlike `map`, this takes what is left out of a list for an element.
    return Array.from(value, (element, i) => read(element, `${this.at(name)}[${i}]`))
  }

  texts(name: string, check: (text: string) => string | null, options: { whenEmpty?: string } = {}): string[] {
    const read = (value: unknown, path: string) => {
      if (typeof value !== 'string')
        this.problems.push({ field: path, message: `${described(value)}; a text is needed` })
      const text = typeof value === 'string' ? value : ''
      const problem = typeof value === 'string' ? check(text) : null
      if (problem !== null) this.problems.push({ field: path, message: problem })
      return text
    }
    return this.list(name, read, options)
  }

  /** An object whose names are data, too. */
  record<T>(name: string, read: (value: unknown, path: string, key: string) => T): Record<string, T> {
    const value = this.#takeOr(name, {})
    if (!isObject(value)) return this.#wrong(name, value, 'an object is needed', {})
    // Unlike assignment, this makes `__proto__` a member like any other.
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, read(member, memberOf(this.at(name), key), key)]),
    )
  }

  textRecord(name: string): Record<string, string> {
    return this.record(name, (value, field) => {
      if (typeof value === 'string') return value
      this.problems.push({ field, message: `${described(value)}; a text is needed` })
      return ''
    })
  }

  /** Names every field that nobody asked for; `others` are fields, too, but not beside those that were. */
  close(others: readonly string[] = []): void {
    const names = Object.keys(this.#data)
    const [read] = names.filter((name) => this.#asked.has(name))
    for (const name of names) {
      if (this.#asked.has(name)) continue
      const meant = nearest(name, [...this.#asked])
      if (read !== undefined && others.includes(name)) this.report(name, `it cannot stand beside ${read}`)
      else this.report(name, `there is no such field${meant === null ? '' : `; did you mean ${meant}?`}`)
    }
  }

  /** null is there, and wrong. */
  #takeOr(name: string, fallback: unknown): unknown {
    const value = this.take(name)
    return value === undefined ? fallback : value
  }

  #wrong<T>(name: string, value: unknown, needed: string, instead: T): T {
    if (this.#isObject)
      this.report(name, value === undefined ? `it is missing; ${needed}` : `${described(value)}; ${needed}`)
    return instead
  }
}

/** A plain one: a `Map`, as YAML makes of `!!omap`, would be read as an object without fields. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

export function memberOf(path: string, name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`
  return path === '' ? name : `${path}.${name}`
}

export function described(value: unknown): string {
  if (value === undefined) return 'it is missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  return isObject(value) ? 'an object' : 'an object that is not plain'
}
