import { identityHeaderNames } from '../identity-headers.ts'

/** RFC 9110 §5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** RFC 9110 §7.6.1: meant for the next hop, so that no name of ours may be among them. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** What frames or routes a message, or belongs to somebody else; and what an object of headers loses. */
const taken = [
  ...['host', 'content-length', 'content-type', 'content-encoding', 'expect', 'date', 'cookie', 'set-cookie'],
  '__proto__',
]

/** What every upstream gets, and no contract need name. */
const standardIdentity = identityHeaderNames.map((name) => name.toLowerCase())

const requestSide = [
  'accept',
  'accept-encoding',
  'accept-language',
  'origin',
  'referer',
  'user-agent',
  'forwarded',
  'x-real-ip',
]

export function credentialHeaderProblem(name: string): string | null {
  const lower = name.toLowerCase()
  if (
    requestSide.includes(lower) ||
    standardIdentity.includes(lower) ||
    /^x-(?:forwarded|original|rewrite)-/.test(lower)
  )
    return `${name} means something else in a request`
  return headerNameProblem(name)
}

export function identityHeaderProblem(name: string): string | null {
  const lower = name.toLowerCase()
  if (standardIdentity.includes(lower)) return `${name} is sent to every upstream already`
  // Many servers hand X_Tenant and X-Tenant to the application under one name, and a caller may send the other.
  if (name.includes('_')) return `${name} has an underscore, which servers take for a hyphen`
  if (requestSide.includes(lower) || lower === 'authorization' || /^x-forwarded-(?:for|host|proto)$/.test(lower))
    return `${name} means something else in a request`
  // Forward-auth answers with the identity, beside what its answers have of their own.
  return limitHeaderProblem(name)
}

export function refusalHeaderProblem(name: string): string | null {
  return name.toLowerCase() === 'x-request-id' ? `${name} is in every answer already` : headerNameProblem(name)
}

/** What answers have of their own; of forward-auth's, proxies take the identity along. */
const ofAnswers = [
  ...['cache-control', 'retry-after', 'vary', 'www-authenticate', 'location'],
  ...['api-key-status', 'api-key-expires', 'x-auth-status', ...standardIdentity],
]

export function limitHeaderProblem(name: string): string | null {
  const lower = name.toLowerCase()
  if (ofAnswers.includes(lower)) return `${name} means something else in an answer`
  return headerNameProblem(name)
}

/** A header of a response. */
function headerNameProblem(name: string): string | null {
  const lower = name.toLowerCase()
  if (!token.test(name)) return `${JSON.stringify(name)} is no header name (RFC 9110 §5.6.2)`
  if (hopByHop.includes(lower)) return `${name} is for the next hop alone (RFC 9110 §7.6.1)`
  return taken.includes(lower) ? `${name} cannot be had for this` : null
}

/** Visible ASCII, and spaces inside (RFC 9110 §5.5): a line break would begin another header. */
export function headerValueProblem(value: string): string | null {
  if (/[\r\n]/.test(value)) return 'a header value has no line breaks'
  if (/[^\x20-\x7e]/.test(value)) return 'a header value is visible ASCII and spaces'
  return value === value.trim() ? null : 'a header value neither begins nor ends with a space'
}
