import type { ServerResponse } from 'node:http'

type WriteHead = (status: number, ...rest: unknown[]) => ServerResponse

/**
 * A handler that says `Vary: Origin` takes the place of what was said before, and with `Cache-Control: public` a shared
 * cache would give one caller's answer to the next. So ours is added to theirs where the head is written, which Node does
 * by `writeHead` also where nobody calls it. How an answer may be cached is otherwise for its handler to say.
 */
export function keepVary(response: ServerResponse, ours: string): void {
  const writeHead = response.writeHead as WriteHead
  const keeping: WriteHead = (status, ...rest) => {
    const message = typeof rest[0] === 'string' ? [rest[0]] : []
    const { vary, others } = withoutVary(message.length > 0 ? rest[1] : (rest[1] ?? rest[0]))
    response.setHeader('Vary', union(vary.length > 0 ? vary : [response.getHeader('Vary')], ours.split(', ')))
    return writeHead.call(response, status, ...message, others)
  }
  response.writeHead = keeping as ServerResponse['writeHead']
}

/** Of what `writeHead` is given: an object, or name, value, name, value, … */
function withoutVary(fields: unknown): { vary: unknown[]; others: unknown } {
  if (Array.isArray(fields)) {
    const names = fields.map((_, i) => fields[i - (i % 2)])
    const vary = fields.filter((_, i) => i % 2 === 1 && isVary(names[i]))
    return { vary, others: fields.filter((_, i) => !isVary(names[i])) }
  }
  const entries = Object.entries(fields ?? {})
  const vary = entries.flatMap(([name, value]) => (isVary(name) ? value : []))
  return { vary, others: Object.fromEntries(entries.filter(([name]) => !isVary(name))) }
}

function isVary(name: unknown): boolean {
  return typeof name === 'string' && name.toLowerCase() === 'vary'
}

function union(vary: readonly unknown[], names: readonly string[]): string {
  const present = vary
    .join(',')
    .split(',')
    .flatMap((name) => name.trim() || [])
  const folded = present.map((name) => name.toLowerCase())
  if (folded.includes('*')) return '*'
  return [...present, ...names.filter((name) => !folded.includes(name.toLowerCase()))].join(', ')
}
