/** Word from other nodes that something has changed. It may get lost, and then only costs time. */
export interface Hints {
  listen(onHint: () => void): void
  /** To all other nodes. */
  send(): void
  close(): Promise<void>
}
