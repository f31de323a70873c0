import { serve } from '@hono/node-server'
import { guard } from '@keywright/core/hono'
import { Hono } from 'hono'
import { onFailure, port, ready, verifier } from './keys.ts'

const app = new Hono()
app.use(guard(verifier, { onFailure }))

app.get('/v1/hello', (context) => context.text(`hello, ${context.get('keywright').principal?.organization}`))

serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, ready)
