import type { Contract } from '@keywright/core'
import { handinger } from './handinger/contract.ts'
import { holocron } from './holocron/contract.ts'
import { holonomix } from './holonomix/contract.ts'
import { hopx } from './hopx/contract.ts'
import { keywright } from './keywright/contract.ts'
import { operate } from './operate/contract.ts'

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
