export { hasBody, isSoundlyFramed, soleHeader } from '@keywright/core'
