import { useSuspenseQuery } from '@tanstack/react-query'
import { contractQuery } from '../api/queries.ts'

/** What the contract calls an organization. */
export function useNoun(): string {
  return useSuspenseQuery(contractQuery).data.docs.organization
}
