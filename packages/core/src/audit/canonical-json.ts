/**
 * JSON in the one form that RFC 8785 allows: members sorted by UTF-16 code units, no white space, numbers and strings
 * as ECMAScript writes them (a lone surrogate as its `\ud800` escape). Members JSON cannot hold are left out, as
 * `JSON.stringify` does.
 */
export function canonicalJson(value: unknown): string {
  return write(JSON.parse(JSON.stringify(value)))
}

function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`).join(',')}}`
}
