/** Whether what is known here is still good cannot be told: never a denial, always 503. The cause is why, where known. */
export class StaleError extends Error {
  readonly code = 'stale'
  constructor(cause?: Error | null) {
    const next = cause ? `: ${cause.message}` : '. Try again soon.'
    super(
      `Changes were not heard of for too long, so keys may have been revoked unnoticed${next}`,
      cause ? { cause } : undefined,
    )
    this.name = 'StaleError'
  }
}

/**
 * The right to go on with what is known here, for so long after a poll that succeeded was *sent*. By a clock that
 * nobody sets, and asked at each use: a process that was stopped for a while finds it run out when it wakes.
 */
export class Lease {
  readonly forMs: number
  private until = Number.NEGATIVE_INFINITY
  /** Milliseconds by the clock that it runs by. */
  readonly now: () => number

  constructor(forMs: number, now: () => number = () => performance.now()) {
    this.forMs = forMs
    this.now = now
  }

  get holds(): boolean {
    return this.leftMs > 0
  }

  get leftMs(): number {
    return Math.max(0, this.until - this.now())
  }

  /** @throws StaleError */
  check(): void {
    if (!this.holds) throw new StaleError()
  }

  renew(sentAt: number): void {
    this.until = Math.max(this.until, sentAt + this.forMs)
  }
}
