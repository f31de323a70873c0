import { guard } from '@keywright/core/fastify'
import fastify from 'fastify'
import { onFailure, port, ready, verifier } from './keys.ts'

const app = fastify()
app.addHook('onRequest', guard(verifier, { onFailure }))

app.get('/v1/hello', async (request) => `hello, ${request.keywright.principal?.organization}`)

await app.listen({ port, host: '127.0.0.1' })
ready()
