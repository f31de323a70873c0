const MOST = 65_536
const FOR_MS = 1000

/**
 * Digests that no key has, remembered apart from keys and for a second at most, so that a flood of random keys costs
 * little, evicts nothing, and hides no key made since.
 */
export class UnknownDigests {
  private readonly digests = new Set<string>()
  private since = 0

  has(digest: string, nowMs: number): boolean {
    if (this.digests.size === 0) return false
    // Also where the clock was set back.
    if (nowMs >= this.since + FOR_MS || nowMs < this.since) this.clear()
    return this.digests.has(digest)
  }

  add(digest: string, nowMs: number): void {
    if (this.digests.size >= MOST) this.clear()
    if (this.digests.size === 0) this.since = nowMs
    this.digests.add(digest)
  }

  /** A key was made that has it. */
  delete(digest: string): void {
    this.digests.delete(digest)
  }

  clear(): void {
    this.digests.clear()
  }
}
