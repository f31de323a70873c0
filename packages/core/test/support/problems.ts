import { ContractError, parseContract } from '@keywright/core'

/** A line for each problem of a contract. */
export function problemsOf(data: unknown): string[] {
  try {
    parseContract(data)
    return []
  } catch (error) {
    if (error instanceof ContractError) return error.problems.map(({ field, message }) => `${field}: ${message}`)
    throw error
  }
}

/** The same of a small one that also says this. */
export function problemsWith(data: object): string[] {
  return problemsOf({ name: 'acme', key: { forms: [{ prefix: 'acme_live_' }] }, ...data })
}
