/** Of RFC 9110 §9.3 and RFC 5789, but for TRACE, which would echo the credential, and CONNECT, a tunnel to anywhere. */
export const acceptedMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

const acceptedSet = new Set<string>(acceptedMethods)

/** Methods are case-sensitive (RFC 9110 §9.1): `get` is none of them. */
export function isAcceptedMethod(method: string): boolean {
  return acceptedSet.has(method)
}
