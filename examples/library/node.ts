import { createServer } from 'node:http'
import { guard } from '@keywright/core/node'
import { onFailure, port, ready, verifier } from './keys.ts'

const protect = guard(verifier, { onFailure })

createServer(
  protect(({ keywright }, response) => {
    response.end(`hello, ${keywright.principal?.organization}`)
  }),
).listen(port, '127.0.0.1', ready)
