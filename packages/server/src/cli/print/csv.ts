/** RFC 4180. What a spreadsheet would run as a formula gets an apostrophe before it, and stays text. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(cell).join(',')}\r`
}

function cell(value: string): string {
  const text = /^[=+\-@\t\r\n\0]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
