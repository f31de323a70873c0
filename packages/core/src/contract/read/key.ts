import { compileFormat } from '../../key/credential.ts'
import type { KeyForm, KeyRule, PublicIdRule, Random } from '../../key/format.ts'
import { entropyBits, formsOverlap } from '../../key/shape.ts'
import { described, Fields, isObject } from './fields.ts'

const standardRandom: Random = { alphabet: 'base62', length: 43 }

/** Other credentials of the same instance; none may be taken for an API key. */
const reservedPrefixes = ['kwo_', 'kwc_', 'kwi_']

export function readKey(contract: Fields): KeyRule {
  const before = contract.problems.length
  const fields = contract.fields('key')
  const random = readRandom(fields) ?? standardRandom
  const publicId = readPublicId(fields) ?? null
  const checksum = fields.flag('checksum', true)
  const forms = fields.list('forms', (value, path) => readForm(new Fields(value, path, fields.problems)), {
    needed: true,
  })
  fields.close()
  const rule: KeyRule = { random, publicId, checksum, forms }
  if (contract.problems.length === before) checkTogether(fields, rule)
  return rule
}

function readForm(fields: Fields): KeyForm {
  const form: KeyForm = {
    prefix: fields.text('prefix', { check: prefixProblem }),
    environment: fields.text('environment', { fallback: 'live', check: wordProblem }),
    kind: fields.text('kind', { fallback: 'secret', check: wordProblem }),
    retired: fields.flag('retired', false),
  }
  const random = readRandom(fields)
  const publicId = readPublicId(fields)
  if (random !== undefined) form.random = random
  if (publicId !== undefined) form.publicId = publicId
  if (fields.take('checksum') !== undefined) form.checksum = fields.flag('checksum', true)
  fields.close()
  return form
}

function readRandom(parent: Fields): Random | undefined {
  const data = parent.take('random')
  if (data === undefined) return undefined
  const before = parent.problems.length
  const fields = parent.fields('random')
  const inBytes = isObject(data) && Object.hasOwn(data, 'bytes')
  const random: Random = inBytes
    ? { bytes: fields.integer('bytes', { least: 1, most: 256 }) }
    : {
        alphabet: fields.choice('alphabet', ['base62', 'base58', 'base36', 'hex', 'crockford32'], 'base62'),
        length: fields.integer('length', { least: 1, most: 400 }),
      }
  fields.close(['alphabet', 'length'])
  const bits = Math.floor(entropyBits(random))
  if (parent.problems.length === before && bits < 128) parent.report('random', `${bits} bits; at least 128 are needed`)
  return random
}

function readPublicId(parent: Fields): PublicIdRule | null | undefined {
  const data = parent.take('publicId')
  if (data === undefined || data === null) return data
  const fields = parent.fields('publicId')
  const length = fields.integer('length', { least: 4, most: 64 })
  const separator = fields.text('separator', { fallback: '.', check: visibleProblem })
  fields.close()
  return { length, separator }
}

function checkTogether(fields: Fields, rule: KeyRule): void {
  if (rule.forms.every(({ retired }) => retired)) {
    fields.report('forms', 'no form is issued; at least one is needed that is not retired')
  }
  try {
    compileFormat(rule)
    const overlap = formsOverlap(rule)
    if (overlap !== null) fields.report('forms', overlap)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    fields.report('forms', error.message)
  }
}

function prefixProblem(prefix: string): string | null {
  const reserved = reservedPrefixes.find((one) => prefix.startsWith(one))
  if (reserved !== undefined) return `${reserved} begins Keywright's own credentials`
  return prefix.length > 64 ? `${prefix.length} characters; at most 64 are possible` : visibleProblem(prefix)
}

/** A comma is left out because proxies join repeated headers with one. */
function visibleProblem(text: string): string | null {
  return /^[\x21-\x2b\x2d-\x7e]*$/.test(text)
    ? null
    : `${described(text)}; visible ASCII without white space and commas is needed`
}

export function wordProblem(word: string): string | null {
  return /^[a-z][a-z0-9_-]{0,62}$/.test(word) ? null : `${described(word)}; a-z, then a-z, 0-9, - and _ are needed`
}
