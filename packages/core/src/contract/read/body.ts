import type { Body, JsonTemplate } from '../refusal.ts'
import { described, type Fields, isObject, memberOf } from './fields.ts'

const deepest = 16

/** RFC 9457 §3.1: the members every problem has, unless the contract says otherwise. */
const standardProblem = {
  type: 'about:blank',
  title: '{title}',
  status: '{status}',
  detail: '{message}',
  code: '{code}',
}

/** Absent: a problem with its standard members. */
export function readBody(parent: Fields): Body {
  if (parent.take('body') === undefined) return { problem: standardProblem }
  const before = parent.problems.length
  const fields = parent.fields('body')
  const shapes = (['json', 'problem', 'xml', 'text'] as const).filter((shape) => fields.take(shape) !== undefined)
  const [shape] = shapes
  if (parent.problems.length === before && shapes.length !== 1)
    parent.report('body', 'exactly one of json, problem, xml and text is needed')
  let body: Body = { problem: standardProblem }
  if (shape === 'json') body = { json: readJson(fields.take('json'), fields, fields.at('json'), []) }
  if (shape === 'xml') body = { xml: fields.text('xml') }
  if (shape === 'text') body = { text: fields.text('text') }
  if (shape === 'problem') {
    const given = fields.record('problem', (value, path) => readJson(value, fields, path, [fields.take('problem')]))
    body = { problem: { ...standardProblem, ...given } }
  }
  fields.close()
  return body
}

/** A YAML alias may stand inside what it stands for; `around` is all that the value is in. */
function readJson(value: unknown, fields: Fields, path: string, around: readonly unknown[]): JsonTemplate {
  const refuse = (message: string) => {
    fields.problems.push({ field: path, message })
    return null
  }
  if (around.includes(value)) return refuse('it is inside itself')
  if (around.length > deepest) return refuse(`it is nested more than ${deepest} deep`)
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : refuse(`${value} is no JSON`)
  const inner = [...around, value]
  if (Array.isArray(value)) {
    return Array.from(value, (element, i) => readJson(element, fields, `${path}[${i}]`, inner))
  }
  if (!isObject(value)) return refuse(`${described(value)} is no JSON`)
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, readJson(member, fields, memberOf(path, name), inner)]),
  )
}
