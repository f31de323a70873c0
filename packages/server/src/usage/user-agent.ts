import type { HeadersLike } from '@keywright/core'

const longest = 200

/** The `User-Agent` of a request, cut to 200 characters; '' where it has none. */
export function userAgentOf(headers: HeadersLike | undefined): string {
  const value = headers === undefined ? undefined : fieldOf(headers)
  if (value === undefined) return ''
  // A part of a text keeps all of it in memory; a copy does not.
  return value.length > longest ? Buffer.from(value.slice(0, longest), 'utf16le').toString('utf16le') : value
}

function fieldOf(headers: HeadersLike): string | undefined {
  if (Array.isArray(headers)) {
    for (let at = 0; at < headers.length; at += 2) {
      if (isUserAgent(headers[at] as string)) return headers[at + 1]
    }
    return undefined
  }
  if (headers instanceof Headers) return headers.get('user-agent') ?? undefined
  const record = headers as Readonly<Record<string, string | readonly string[] | undefined>>
  for (const name in record) {
    if (!isUserAgent(name)) continue
    const value = record[name]
    return typeof value === 'object' ? value[0] : value
  }
  return undefined
}

function isUserAgent(name: string): boolean {
  if (name.length !== 10) return false
  return name === 'User-Agent' || name === 'user-agent' || name.toLowerCase() === 'user-agent'
}
