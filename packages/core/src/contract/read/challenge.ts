/** One parameter, or a scheme with its first: what stands between the commas of a `WWW-Authenticate`. */
const item =
  /^(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?: +|$))?(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"([^"\\]*)"|([!#$%&'*+.^_`|~0-9A-Za-z-]+)))?$/

const errorCodes = ['invalid_request', 'invalid_token', 'insufficient_scope']

/** What is wrong with the challenge of a row (RFC 9110 §11.6.1, RFC 6750 §3); `isMissing`: nothing had been sent. */
export function challengeProblem(challenge: string, isMissing: boolean): string | null {
  const written = challenge.replace(/(,\s*[a-z_]+=")\{permission\}"/i, '$1x"')
  if (written.includes('{')) return 'only a parameter of its own may be filled in, and only by {permission}'
  let scheme = ''
  let seen = new Map<string, string>()
  const problems: (string | null)[] = []
  for (const text of written.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)) {
    const [whole, named, parameter, quoted, bare] = item.exec(text.trim()) ?? []
    if (!whole || (!named && !scheme)) return `'${text.trim()}' is neither a scheme nor a parameter (RFC 9110 §11.6.1)`
    if (named) {
      problems.push(closing(scheme, seen, isMissing))
      scheme = named.toLowerCase()
      seen = new Map()
    }
    if (!parameter) continue
    if (seen.has(parameter.toLowerCase())) return `${parameter} is there twice (RFC 6750 §3)`
    seen.set(parameter.toLowerCase(), quoted ?? bare ?? '')
  }
  problems.push(closing(scheme, seen, isMissing))
  return problems.find((problem) => problem !== null) ?? null
}

function closing(scheme: string, parameters: ReadonlyMap<string, string>, isMissing: boolean): string | null {
  if (scheme !== 'bearer') return null
  const error = parameters.get('error')
  if (parameters.size === 0) return 'Bearer needs at least one parameter, such as realm (RFC 6750 §3)'
  if (error !== undefined && isMissing) return 'where no credential was sent, no error is named (RFC 6750 §3.1)'
  if (error !== undefined && !errorCodes.includes(error))
    return `error is one of ${errorCodes.join(', ')} (RFC 6750 §3.1)`
  return null
}
