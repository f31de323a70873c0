import { escapeJson, escapeText, escapeXml } from './escape.ts'
import type { Body, JsonTemplate, RefusalFacts, RefusalRow } from './refusal.ts'
import { reasonPhrase } from './status.ts'
import { type Fact, factsByName, splitTemplate } from './template.ts'

export type Piece = string | ((facts: RefusalFacts) => string)

/** One string where no fact is asked for, pieces where some are. */
export type Text = string | readonly Piece[]

type Encode = (text: string) => string

/** A row, and the text that stands where its `message` would. */
export type Row = RefusalRow & { said?: string }

export function renderPieces(pieces: readonly Piece[], facts: RefusalFacts): string {
  let text = ''
  for (const piece of pieces) text += typeof piece === 'string' ? piece : piece(facts)
  return text
}

export function contentTypeOf(body: Body): string {
  if ('json' in body) return 'application/json'
  if ('problem' in body) return 'application/problem+json'
  return 'xml' in body ? 'application/xml; charset=utf-8' : 'text/plain; charset=utf-8'
}

export function writeBody(body: Body, row: Row): Text {
  if ('xml' in body) return writeText(body.xml, row, escapeXml)
  if ('text' in body) return writeText(body.text, row, escapeText)
  const pieces: Piece[] = []
  writeJson('json' in body ? body.json : body.problem, row, pieces)
  return textOf(pieces)
}

/** The template's own text stays as it is; only what fills it is escaped. */
export function writeText(template: string, row: Row, encode: Encode): Text {
  const pieces: Piece[] = []
  write(template, row, encode, (text) => text, pieces)
  return textOf(pieces)
}

function writeJson(template: JsonTemplate, row: Row, pieces: Piece[]): void {
  if (typeof template === 'string') {
    writeJsonString(template, row, pieces)
  } else if (isList(template)) {
    pieces.push('[')
    for (const [index, element] of template.entries()) {
      if (index > 0) pieces.push(',')
      writeJson(element, row, pieces)
    }
    pieces.push(']')
  } else if (typeof template === 'object' && template !== null) {
    pieces.push('{')
    for (const [index, [member, value]] of Object.entries(template).entries()) {
      pieces.push(`${index > 0 ? ',' : ''}"${escapeJson(member)}":`)
      writeJson(value, row, pieces)
    }
    pieces.push('}')
  } else {
    pieces.push(JSON.stringify(template))
  }
}

function writeJsonString(template: string, row: Row, pieces: Piece[]): void {
  const fact = onlyFactOf(template, row)
  if (typeof fact === 'number') {
    pieces.push(String(fact))
    return
  }
  if (fact) {
    pieces.push((facts) => {
      const value = fact(facts)
      if (value === undefined) return 'null'
      return typeof value === 'number' ? String(value) : `"${escapeJson(value)}"`
    })
    return
  }
  pieces.push('"')
  write(template, row, escapeJson, escapeJson, pieces)
  pieces.push('"')
}

/** The fact that a string is nothing but, or the row's status, be it through a value of the row. */
function onlyFactOf(template: string, row: Row): Fact | number | undefined {
  const [first, ...others] = splitTemplate(template)
  if (typeof first !== 'object' || others.length > 0) return undefined
  if (first.name === 'status') return row.status
  if (first.name === 'message' && row.said !== undefined) return undefined
  const value = ownValue(first.name, row)
  return value === undefined ? factsByName.get(first.name) : onlyFactOf(value, { status: row.status })
}

function write(template: string, row: Row, encode: Encode, literal: Encode, pieces: Piece[]): void {
  for (const part of splitTemplate(template)) {
    if (typeof part === 'string') {
      pieces.push(literal(part))
      continue
    }
    if (part.name === 'message' && row.said !== undefined) {
      pieces.push(encode(row.said))
      continue
    }
    const value = ownValue(part.name, row)
    const fact = factsByName.get(part.name)
    if (value !== undefined) write(value, { status: row.status }, encode, encode, pieces)
    else if (fact) pieces.push((facts) => encode(String(fact(facts) ?? '')))
  }
}

function ownValue(name: string, row: Row): string | undefined {
  if (name === 'status') return String(row.status)
  if (name === 'title') return reasonPhrase(row.status)
  return row.values && Object.hasOwn(row.values, name) ? row.values[name] : undefined
}

export function textOf(pieces: readonly Piece[]): Text {
  const joined: Piece[] = []
  for (const piece of pieces) {
    const last = joined.at(-1)
    if (typeof piece === 'string' && typeof last === 'string') joined[joined.length - 1] = last + piece
    else joined.push(piece)
  }
  const [first = '', ...others] = joined
  return typeof first === 'string' && others.length === 0 ? first : joined
}

function isList(template: JsonTemplate): template is readonly JsonTemplate[] {
  return Array.isArray(template)
}
