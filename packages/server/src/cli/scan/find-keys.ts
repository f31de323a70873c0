import { type Contract, type CredentialFormat, compileFormat } from '@keywright/core'
import { cliTokenFormat } from '../../access/cli-token-format.ts'
import { serviceKeyFormat } from '../../access/service-key-format.ts'
import { usageError } from '../failure.ts'
import { escapes } from './surroundings.ts'

type Pattern = ReturnType<CredentialFormat['patterns']>[number]

/** One form of key, as it is looked for. */
export interface Search {
  format: CredentialFormat
  /** Empty where the form has no prefix. */
  keyword: string
  expression: RegExp
}

export interface FoundKey {
  line: number
  column: number
  /** Masked. */
  hint: string
}

/**
 * Of a contract's keys, but publishable ones, which anyone may see, of service keys and CLI tokens.
 * @throws CliError where a form looks like any other text
 */
export function searchesFor({ key }: Contract): Search[] {
  const format = compileFormat(key)
  return [
    ...format
      .patterns()
      .flatMap((pattern, form) =>
        pattern.kind === 'publishable' ? [] : [search(format, pattern, format.forms[form]?.checksum ?? key.checksum)],
      ),
    ...[serviceKeyFormat, cliTokenFormat].flatMap((own) => own.patterns().map((pattern) => search(own, pattern, true))),
  ]
}

/** Where a checksum decides, it does not matter what stands beside a key. */
function search(format: CredentialFormat, { keyword, regex, environment, kind }: Pattern, isChecked: boolean) {
  if (keyword === '' && !isChecked)
    throw usageError(
      `Keys of the form (${environment}, ${kind}) cannot be searched for: without prefix and checksum they look like any random text.`,
      'Name a contract file without that form: --contract <file>.',
    )
  // `_` and `-` end a key that cannot hold them; after one that can, they do where nothing goes on behind them.
  const end = regex.endsWith('-]') || /-\]\{\d+\}$/.test(regex) ? '(?![_-]*[0-9A-Za-z])' : '(?![0-9A-Za-z])'
  const unchecked = `(?:(?<![0-9A-Za-z])|(?<=${escapes}))(?=(${regex})${end})`
  return { format, keyword, expression: new RegExp(isChecked ? `(?=(${regex}))` : unchecked, 'g') }
}

/** In the order of the text. */
export function findKeys(text: string, searches: readonly Search[]): FoundKey[] {
  const found = searches
    .filter(({ keyword }) => text.includes(keyword))
    .flatMap((search) => [...keysIn(text, search)])
    .sort((a, b) => a.index - b.index)
  let line = 1
  let start = 0
  let end = endOfLine(text, start)
  return found.map(({ index, hint }) => {
    while (end < index) {
      line++
      start = end + 1
      end = endOfLine(text, start)
    }
    return { line, column: index - start + 1, hint }
  })
}

/** One by one: without a prefix, nearly every place of a long text may begin a key. */
function* keysIn(text: string, { format, expression }: Search): Generator<{ index: number; hint: string }> {
  for (const { 1: credential = '', index } of text.matchAll(expression))
    if (format.parse(credential) >= 0) yield { index, hint: format.hint(credential) }
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}
