import { hash } from 'node:crypto'

/**
 * The least a verification can do and still be one: digest the credential, find it in a flat table, take one token. No
 * format, no state, no organization, no permissions, no several limits, no principal. What everything is measured by.
 */
export function createFloor(credentials: readonly string[]): (credential: string) => boolean {
  const slots = 2 ** Math.ceil(Math.log2(credentials.length * 2))
  const mask = slots - 1
  const words = new Int32Array(slots * 16)
  const doubles = new Float64Array(words.buffer)
  const emissionMs = 0.06
  const burstMs = 60_000

  function slotOf(digest: string): number {
    const first = wordAt(digest, 0)
    for (let slot = first & mask; ; slot = (slot + 1) & mask) {
      const base = slot << 4
      if (words[base + 15] === 0) return -slot - 1
      let same = 0
      for (let word = 0; word < 8; word++) same |= (words[base + word] as number) ^ wordAt(digest, word * 4)
      if (same === 0) return slot
    }
  }

  for (const credential of credentials) {
    const digest = hash('sha256', credential, 'binary')
    const slot = -slotOf(digest) - 1
    for (let word = 0; word < 8; word++) words[(slot << 4) + word] = wordAt(digest, word * 4)
    words[(slot << 4) + 15] = 1
  }

  return (credential) => {
    const slot = slotOf(hash('sha256', credential, 'binary'))
    if (slot < 0) return false
    const now = Date.now()
    const at = (slot << 3) + 4
    const tat = Math.max(doubles[at] as number, now) + emissionMs
    if (tat - now > burstMs) return false
    doubles[at] = tat
    return true
  }
}

function wordAt(digest: string, at: number): number {
  return (
    digest.charCodeAt(at) |
    (digest.charCodeAt(at + 1) << 8) |
    (digest.charCodeAt(at + 2) << 16) |
    (digest.charCodeAt(at + 3) << 24)
  )
}
