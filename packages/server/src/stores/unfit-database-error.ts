/** A database that answers, and is not one that an instance may be kept in, or not yet. */
export class UnfitDatabaseError extends Error {
  readonly hint: string
  constructor(message: string, hint: string) {
    super(message)
    this.name = 'UnfitDatabaseError'
    this.hint = hint
  }
}
