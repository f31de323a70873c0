import type { Visit } from './people.ts'

/** Never a caller's: of what he sends only his cookies and the name of his browser go further. */
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
