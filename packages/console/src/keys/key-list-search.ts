import type { KeyState } from '@keywright/client'
import type { KeyOrder } from '../api/queries.ts'

/** What the address of a list of keys says of it. */
export interface KeyListSearch {
  state?: KeyState
  project?: string
  order?: KeyOrder
  direction?: 'asc' | 'desc'
}

export const states: readonly KeyState[] = ['active', 'suspended', 'expired', 'revoked']
const orders: readonly KeyOrder[] = ['created', 'name', 'lastUsed', 'expires']

/** Anyone can write an address: what it says wrongly is left out. */
export function keyListSearch(search: Record<string, unknown>): KeyListSearch {
  const state = states.find((one) => one === search.state)
  const order = orders.find((one) => one === search.order)
  return {
    ...(state && { state }),
    ...(typeof search.project === 'string' && search.project && { project: search.project }),
    ...(order && { order, direction: search.direction === 'asc' ? 'asc' : 'desc' }),
  }
}
