import type { Visit } from './people.ts'

/** Never a caller's: of what is sent only cookies and the name of the browser go further. */
export const addressHeader = 'x-keywright-address'

export function visitOf({ headers, address }: Visit): Headers {
  const passed = new Headers()
  for (const name of ['cookie', 'user-agent']) {
    const value = headers.get(name)
    if (value !== null) passed.set(name, value)
  }
  if (address !== null) passed.set(addressHeader, address)
  return passed
}

/** The same with those of its cookies whose names fit. */
export function onlyCookies(headers: Headers, names: RegExp): Headers {
  const cookies = (headers.get('cookie') ?? '').split(';').map((cookie) => cookie.trim())
  const kept = new Headers(headers)
  kept.set('cookie', cookies.filter((cookie) => names.test(cookie.split('=', 1)[0] ?? '')).join('; '))
  return kept
}
