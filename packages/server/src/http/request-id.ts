export { newRequestId, requestIdOf } from '@keywright/core'
