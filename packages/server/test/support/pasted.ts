import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'

/** What a shell and curl would make of the lines. */
export function pasted(lines: string, cwd = '.'): () => Promise<Response> {
  const words = execFileSync('sh', ['-c', `curl() { printf '%s\\0' "$@"; }\n${lines}`], { encoding: 'utf8', cwd })
  const { positionals, values } = parseArgs({
    args: words.split('\0').slice(0, -1),
    allowPositionals: true,
    options: {
      i: { type: 'boolean', short: 'i' },
      g: { type: 'boolean', short: 'g' },
      method: { type: 'string', short: 'X', default: 'GET' },
      header: { type: 'string', short: 'H', multiple: true, default: [] },
      user: { type: 'string', short: 'u' },
      data: { type: 'string', short: 'd' },
    },
  })
  const { method, header, user, data } = values
  const headers = new Headers(
    header.map((text): [string, string] => [text.split(': ', 1)[0] ?? '', text.split(': ')[1] ?? '']),
  )
  if (user !== undefined) headers.set('Authorization', `Basic ${btoa(user)}`)
  return () => fetch(positionals[0] ?? '', { method, headers, body: data ?? null })
}
