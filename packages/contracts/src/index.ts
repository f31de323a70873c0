import type { Contract } from '@keywright/core'
import { handinger } from './handinger/contract.ts'
import { holocron } from './holocron/contract.ts'
import { holocronRoutes } from './holocron/routes.ts'
import { holonomix } from './holonomix/contract.ts'
import { holonomixRoutes } from './holonomix/routes.ts'
import { hopx } from './hopx/contract.ts'
import { keywright } from './keywright/contract.ts'
import { operate } from './operate/contract.ts'
import type { ContractRoutes } from './routes/edge-routes.ts'

export type * from './routes/edge-routes.ts'
export type { RouteNote } from './routes/table.ts'
export { handinger, holocron, holonomix, hopx, keywright, operate }

/** By name. Ask `Object.hasOwn` of a name from outside: `constructor` is no contract. */
export const builtIn: Readonly<Record<string, Contract>> = {
  keywright,
  holocron,
  holonomix,
  hopx,
  operate,
  handinger,
}

const routes = new Map<Contract, ContractRoutes>([
  [holocron, holocronRoutes],
  [holonomix, holonomixRoutes],
])

/** The routes that come with a built-in contract; undefined for one that is data alone. */
export function routesOf(contract: Contract): ContractRoutes | undefined {
  return routes.get(contract)
}
