const hidden = '[digest]'

/** The same text without any of `digests`, in whatever case and whatever stands around them. */
export function hideDigests(text: string, digests: ReadonlySet<string>): string {
  return text.replace(/[0-9a-f]{64,}/gi, (hex) => hideInHex(hex, digests))
}

function hideInHex(hex: string, digests: ReadonlySet<string>): string {
  let rest = hex
  let written = ''
  while (rest.length >= 64) {
    const isDigest = digests.has(rest.slice(0, 64).toLowerCase())
    written += isDigest ? hidden : rest.charAt(0)
    rest = rest.slice(isDigest ? 64 : 1)
  }
  return written + rest
}
