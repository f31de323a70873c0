import type { AuditEvent } from '@keywright/client'

/**
 * What a spreadsheet takes for the beginning of a formula: also after white space, and after a semicolon, which ends a cell
 * where the comma stands in numbers.
 */
const formula = /(?<=^|;)(?=["\s\0]*[=+\-@\t\r\0＝＋－＠])/gu

/** One cell (RFC 4180). A spreadsheet would run a formula; an apostrophe before it makes it text. */
function cell(value: string): string {
  return `"${value.replaceAll(formula, "'").replaceAll('"', '""')}"`
}

const columns = [
  'number',
  'at',
  'action',
  'organization',
  'target',
  'actor type',
  'actor',
  'triggered by',
  'address',
  'request',
  'details',
  'hash',
]

export function csvHead(): string {
  return `${columns.map(cell).join(',')}\r\n`
}

export function csvLine({ number, at, action, organization, target, actor, details, hash }: AuditEvent): string {
  const values = [String(number), at, action, organization ?? '', target, actor.type, actor.id, actor.triggeredBy]
  const rest = [actor.address ?? '', actor.requestId ?? '', JSON.stringify(details), hash]
  return `${[...values, ...rest].map(cell).join(',')}\r\n`
}

export function jsonLine(event: AuditEvent): string {
  return `${JSON.stringify(event)}\n`
}

export function save(name: string, type: string, parts: readonly string[]): void {
  const url = URL.createObjectURL(new Blob([...parts], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
