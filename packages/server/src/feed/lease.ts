export { Lease, StaleError } from '@keywright/core'
