export { leased } from '@keywright/core'
