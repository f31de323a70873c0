/** One thing that is wrong with a contract's data. */
export interface Problem {
  /** `key.forms[0].prefix`; empty for the whole. */
  field: string
  /** A clause: what is there, and what is needed. */
  message: string
}

/** All that is wrong with a contract at once; a line of `message` for each problem. */
export class ContractError extends Error {
  override readonly name = 'ContractError'
  readonly code = 'invalid_contract'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ field, message }) => `contract: ${field === '' ? '' : `${field}: `}${message}`).join('\n'))
    this.problems = problems
  }
}
