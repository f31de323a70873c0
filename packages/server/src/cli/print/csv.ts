/** RFC 4180. What a spreadsheet would run as a formula gets an apostrophe before it, and stays text. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(cell).join(',')}\r`
}

/**
 * What a spreadsheet takes for the beginning of one: also after white space, and after a semicolon, which ends a cell where
 * the comma stands in numbers.
 */
const formula = /(?<=^|;)(?=["\s\0]*[=+\-@\t\r\n\0＝＋－＠])/gu

function cell(value: string): string {
  const text = value.replaceAll(formula, "'")
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
