import type { Example } from './read-examples.ts'
import type { Ran } from './run-example.ts'

/** What differs between what is printed and what came; null: nothing that counts. */
export function compare({ situation, language, answer }: Example, { code, stdout, stderr }: Ran): string | null {
  const came = language === 'sh' ? parseAnswer(stdout) : { status: statusOf(stdout), headers: new Map(), body: '' }
  if (code !== 0 || came.status === null) return `It did not work (exit ${code}): ${(stderr || stdout).trim()}`
  if (answer !== null) return difference(parseAnswer(answer), came)
  const isRefused = came.status >= 500 || [400, 401, 402, 403, 404, 429].includes(came.status)
  const isRight = situation === 'accepted' ? !isRefused : came.status === 200
  return isRight ? null : `The answer is ${came.status}: ${came.body || stdout.trim()}`
}

interface Answer {
  /** null: only headers are printed. */
  status: number | null
  headers: ReadonlyMap<string, string>
  body: string
}

function parseAnswer(text: string): Answer {
  const unified = text.replaceAll('\r\n', '\n')
  const end = unified.indexOf('\n\n')
  const head = (end < 0 ? unified : unified.slice(0, end)).split('\n')
  const status = /^HTTP\/[\d.]+ (\d{3})/.exec(head[0] ?? '')?.[1]
  const fields = (status === undefined ? head : head.slice(1)).map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  return {
    status: status === undefined ? null : Number(status),
    headers: new Map(fields),
    body: end < 0 ? '' : unified.slice(end + 2).trimEnd(),
  }
}

/** The other languages print the status first. */
function statusOf(stdout: string): number | null {
  const status = /^(\d{3})\b/.exec(stdout)?.[1]
  return status === undefined ? null : Number(status)
}

/** Every header that is printed has to be there; others may be. */
function difference(printed: Answer, came: Answer): string | null {
  if (printed.status !== null && printed.status !== came.status)
    return `Printed is ${printed.status}, the answer is ${came.status}: ${came.body}`
  for (const [name, value] of printed.headers) {
    const there = came.headers.get(name)
    if (there === undefined) return `Printed is a header ${name}, and none came.`
    if (general(value) !== general(there)) return `Printed is ${name}: ${value}, and what came is ${there}`
  }
  if (printed.status === null || general(printed.body) === general(came.body)) return null
  return `Printed is ${printed.body}\nand what came is ${came.body}`
}

/** Without what differs from one time to the next: request ids, dates, numbers. */
function general(text: string): string {
  return text
    .replace(/req_[0-9a-z]+/g, 'req')
    .replace(/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT/g, 'date')
    .replace(/\d+/g, '#')
}
