import type { Contract } from '@keywright/core'
import { hopx } from './hopx/contract.ts'
import { keywright } from './keywright/contract.ts'

export { hopx, keywright }

/** By name. A name that is not its own member is no contract: `Object.hasOwn`. */
export const builtIn: Readonly<Record<string, Contract>> = { keywright, hopx }
