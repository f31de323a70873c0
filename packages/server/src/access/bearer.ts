/** The one value of `Authorization: Bearer`, or why there is none. */
export type Bearer = { token: string } | { problem: 'missing' | 'repeated' | 'malformed' }

/**
 * RFC 9110 §11.4 and RFC 6750 §2.1: the scheme in any case, one or more spaces, one value of visible ASCII.
 * @param authorization the field's value; several fields arrive joined by a comma and a space
 */
export function readBearer(authorization: string | null): Bearer {
  if (authorization === null || !/^bearer(?: |$)/i.test(authorization)) return { problem: 'missing' }
  const token = /^bearer +([\x21-\x7e]{1,512})$/i.exec(authorization)?.[1]
  if (token !== undefined) return { token }
  return { problem: authorization.includes(', ') ? 'repeated' : 'malformed' }
}
