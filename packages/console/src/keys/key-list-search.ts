import type { KeyState } from '@keywright/client'
import type { KeyOrder } from '../api/queries.ts'
import type { Kept } from '../parts/kept.ts'

/** What the address of a list of keys says of it. */
export interface KeyListSearch {
  state?: KeyState
  project?: string
  order?: KeyOrder
  direction?: 'asc' | 'desc'
}

declare module '@tanstack/react-router' {
  interface HistoryState {
    /** The list that a key was opened from, so that the way back to it finds it as it was. */
    keyList?: { search: KeyListSearch; kept: Kept }
  }
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
