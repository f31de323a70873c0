/** Somebody else has made what this transaction had looked for in vain: it is to be run again. */
export class LostRaceError extends Error {
  /** Serialization failure, as the databases themselves call it. */
  readonly code = '40001'
  constructor() {
    super('Other changes came first, again and again. Try once more.')
    this.name = 'LostRaceError'
  }
}
