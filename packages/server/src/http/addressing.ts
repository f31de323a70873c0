export { type Addressing, createAddressing } from '@keywright/core'
