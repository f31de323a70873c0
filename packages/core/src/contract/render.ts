import type { Contract } from './contract.ts'
import { escapeHeader } from './escape.ts'
import { type Refusal, type RefusalFacts, type RefusalName, refusalNames } from './refusal.ts'
import { contentTypeOf, type Row, renderPieces, type Text, textOf, writeBody, writeText } from './render-body.ts'

/** Writes the refusal a caller sees. One that depends on no fact is the same frozen object every time. */
export type RenderRefusal = (name: RefusalName, facts: RefusalFacts) => Refusal

/**
 * Makes the contract's refusal table ready to be written.
 *
 * Sent without being asked for, and left out or replaced where a row says so: `content-type`,
 * `cache-control: no-store`, the challenge of a 401 (RFC 9110 §11.6.1), `retry-after` of at least one second
 * with 429 and 503.
 */
export function compileRefusals(contract: Contract): RenderRefusal {
  const rows = new Map(refusalNames.map((name) => [name, compileRow(contract, name, contract.refusals[name])]))
  const changed = new Map<string, (facts: RefusalFacts) => Refusal>()

  function changedRow(name: RefusalName, { status, message }: RefusalFacts): (facts: RefusalFacts) => Refusal {
    const asked = `${name} ${status ?? ''} ${message ?? ''}`
    const known = changed.get(asked)
    if (known) return known
    const row = contract.refusals[name]
    const said: Row = { ...row, status: status ?? row.status, ...(message !== undefined && { said: message }) }
    const render = compileRow(contract, name, said)
    if (changed.size === mostChanged) changed.clear()
    changed.set(asked, render)
    return render
  }

  return (name, facts) => {
    const render = rows.get(name)
    if (!render) throw new TypeError(`There is no refusal named ${name}.`)
    const isAsItIs = facts.status === undefined && facts.message === undefined
    return isAsItIs ? render(facts) : changedRow(name, facts)(facts)
  }
}

/** Sentences about single requests come and go; those about floods are said again and again. */
const mostChanged = 64

function compileRow(contract: Contract, name: RefusalName, row: Row): (facts: RefusalFacts) => Refusal {
  const { status } = row
  const body = writeBody(row.body ?? contract.body, row)
  const fixed: Record<string, string> = {}
  const varying: [string, Exclude<Text, string>][] = []
  for (const [header, text] of Object.entries(headersOf(contract, name, row))) {
    if (typeof text !== 'string') varying.push([header, text])
    else if (text.trim() !== '') fixed[header] = text.trim()
  }
  Object.freeze(fixed)
  if (typeof body === 'string' && varying.length === 0) {
    const refusal = Object.freeze({ status, headers: fixed, body })
    return () => refusal
  }
  return (facts) => {
    const headers = varying.length === 0 ? fixed : { ...fixed }
    for (const [header, pieces] of varying) {
      const value = renderPieces(pieces, facts).trim()
      if (value !== '') headers[header] = value
    }
    return { status, headers, body: typeof body === 'string' ? body : renderPieces(body, facts) }
  }
}

function headersOf(contract: Contract, name: RefusalName, row: Row): Record<string, Text> {
  const headers: Record<string, Text> = {
    'content-type': contentTypeOf(row.body ?? contract.body),
    'cache-control': 'no-store',
  }
  if (row.status === 401) headers['www-authenticate'] = challenge(contract, name)
  if (row.status === 429 || row.status === 503 || name === 'rate_limited' || name === 'quota_exceeded') {
    headers['retry-after'] = [({ retryAfter = 1 }) => String(Math.max(1, Math.ceil(retryAfter)))]
  }
  for (const [header, template] of Object.entries(row.headers ?? {})) {
    const field = header.toLowerCase()
    const writeValue = field === 'www-authenticate' ? writeChallenge : writeHeader
    headers[field] = writeValue(template, row)
  }
  return headers
}

/** RFC 6750 §3: no error code where nothing was sent. Other schemes have no error codes. */
function challenge(contract: Contract, name: RefusalName): string {
  const preferred = contract.credential.sources[0]
  let scheme = 'Bearer'
  if (preferred && 'basic' in preferred) scheme = 'Basic'
  if (preferred && 'header' in preferred && preferred.scheme) scheme = preferred.scheme
  const realm = `${scheme} realm="${contract.name}"`
  return scheme.toLowerCase() === 'bearer' && name !== 'missing_credential' ? `${realm}, error="invalid_token"` : realm
}

const namedPermission = /,\s*[a-z_]+="\{permission\}"/i

/** A parameter that names the permission is left out where there is none, or where it came out unfit to be one. */
function writeChallenge(template: string, row: Row): Text {
  const found = namedPermission.exec(template)
  if (!found) return writeHeader(template, row)
  const parameter = found[0].slice(0, found[0].indexOf('{'))
  return textOf([
    ...[writeHeader(template.slice(0, found.index), row)].flat(),
    ({ permission }) => (permission && /^[A-Za-z0-9:*._-]+$/.test(permission) ? `${parameter}${permission}"` : ''),
    ...[writeHeader(template.slice(found.index + found[0].length), row)].flat(),
  ])
}

function writeHeader(template: string, row: Row): Text {
  return writeText(template, row, escapeHeader)
}
