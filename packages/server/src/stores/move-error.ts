/** Why nothing was moved, or not all of it. */
export class MoveError extends Error {
  readonly hint: string
  constructor(message: string, hint: string) {
    super(message)
    this.name = 'MoveError'
    this.hint = hint
  }
}
