import type { Attempt, Verifier } from '@keywright/core'

/** Something that goes on after it was let in: an event stream, a WebSocket, a long upload. */
export interface LongStream {
  /** null: no key has let it in, and so none can end it. */
  readonly attempt: Attempt | null
  /** It has no end of its own. */
  readonly isTunnel: boolean
  cut: () => void
}

/** Asks again for every stream under way, so that a revocation ends it too. Nothing is charged for asking. */
export class LongStreams {
  readonly #streams = new Set<LongStream>()
  readonly #verifier: Verifier
  readonly #timer: NodeJS.Timeout
  #takesTunnels = true

  constructor(verifier: Verifier, everyMs: number) {
    this.#verifier = verifier
    this.#timer = setInterval(() => this.#ask(), everyMs)
    this.#timer.unref()
  }

  add(stream: LongStream): void {
    this.#streams.add(stream)
    if (stream.isTunnel && !this.#takesTunnels) stream.cut()
  }

  remove(stream: LongStream): void {
    this.#streams.delete(stream)
  }

  /** Those that come later too: their handshakes were under way. */
  cutTunnels(): void {
    this.#takesTunnels = false
    for (const stream of this.#streams) if (stream.isTunnel) stream.cut()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #ask(): void {
    for (const stream of this.#streams) void this.#askFor(stream)
  }

  async #askFor(stream: LongStream): Promise<void> {
    if (stream.attempt === null) return
    try {
      const { allowed } = await this.#verifier.authenticate(stream.attempt)
      if (!allowed) stream.cut()
    } catch {
      // A verdict that cannot be reached is no permission to go on.
      stream.cut()
    }
  }
}
