import { stripVTControlCharacters } from 'node:util'
import { styled } from './terminal.ts'

/** Columns as wide as their widest cell. Cells may hold colours, and must be printable. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heads.map((head) => styled('dim', head)), ...rows]
  const widths = heads.map((_, column) => all.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), 0))
  return all.map((row) => line(row, widths)).join('\n')
}

/** Names on the left, values on the right. */
export function facts(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${styled('dim', name.padEnd(width))}  ${value}`).join('\n')
}

function line(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
    .join('  ')
    .trimEnd()
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
/** As most cells are, and measured far sooner. */
const plain = /^[ -~]*$/
const wide = /\p{Emoji_Presentation}|\p{sc=Han}|\p{sc=Hiragana}|\p{sc=Katakana}|\p{sc=Hangul}|[\uff01-\uff60]/u

function widthOf(text: string): number {
  if (plain.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(stripVTControlCharacters(text))) width += wide.test(segment) ? 2 : 1
  return width
}
