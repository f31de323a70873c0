import { LifecycleError, type RefusalName, type Verifier } from '@keywright/core'
import type { EdgeAnswer } from './edge-routes.ts'

/** Ends the handling of a request with a row of the contract's table. */
export class Refused extends Error {
  readonly row: RefusalName
  /** Instead of the row's own; null: that one. */
  readonly sentence: string | null
  constructor(row: RefusalName, sentence: string | null = null) {
    super(sentence ?? row)
    this.name = 'Refused'
    this.row = row
    this.sentence = sentence
  }
}

const rows = {
  not_found: 'not_found',
  conflict: 'conflict',
  invalid: 'invalid_request',
  beyond_reach: 'forbidden',
} as const satisfies Record<LifecycleError['code'], RefusalName>

/** What `work` answers, or why it was refused, in the contract's words. */
export async function orRefused(
  verifier: Verifier,
  requestId: string,
  work: () => Promise<EdgeAnswer>,
): Promise<EdgeAnswer> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof LifecycleError) {
      return verifier.refusal(rows[error.code], { requestId, message: error.message })
    }
    if (!(error instanceof Refused)) throw error
    const { row, sentence } = error
    return verifier.refusal(row, { requestId, ...(sentence !== null && { message: sentence }) })
  }
}
