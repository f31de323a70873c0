import { guard } from '@keywright/core/express'
import express from 'express'
import { onFailure, port, ready, verifier } from './keys.ts'

const app = express()
app.set('case sensitive routing', true)
app.set('strict routing', true)
app.use(guard(verifier, { onFailure }))

app.get('/v1/hello', (request, response) => {
  response.send(`hello, ${request.keywright.principal?.organization}`)
})

app.listen(port, '127.0.0.1', ready)
