/** Of RFC 9110 §9.3 and RFC 5789, but for TRACE, which would echo the credential, and CONNECT, a tunnel to anywhere. */
export const acceptedMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
