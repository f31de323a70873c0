// Run on the oldest Node that core and client support, over what is published:
// `node --test packages/core/test/smoke/oldest-node.mjs`.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Keywright } from '@keywright/client'
import { hopx } from '@keywright/contracts'
import { createVerifier, issue, remote, revoke } from '@keywright/core'
import { guard } from '@keywright/core/node'
import { inMemory, testActor } from '@keywright/core/testing'

const acme = inMemory({ contract: hopx })
await acme.organization()

test('a key is issued, accepted, and refused once it is revoked', async () => {
  const { credential, key } = await issue(acme.lifecycle, testActor, { organization: 'acme', name: 'test' })
  const server = createServer(
    guard(acme.verifier)((request, response) => response.end(request.keywright.principal.key)),
  )
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const ask = () =>
    fetch(`http://127.0.0.1:${server.address().port}/v1/sandboxes`, {
      headers: { authorization: `Bearer ${credential}` },
    })
  assert.equal(await (await ask()).text(), key.id)
  await revoke(acme.lifecycle, testActor, key.id)
  assert.equal((await ask()).status, 401)
  server.closeAllConnections()
  server.close()
})

test('a server that is away is an outage, and no verdict', async () => {
  const keys = remote({ url: 'http://127.0.0.1:1', serviceKey: 'kwo_none' })
  const { credential } = await issue(acme.lifecycle, testActor, { organization: 'acme', name: 'test' })
  const verifier = createVerifier({ contract: hopx, keys })
  await assert.rejects(async () => verifier.verify({ credential }), { code: 'stale' })
  await keys.close()
})

test('a client that may be told to stop says that nobody answers', async () => {
  const api = new Keywright({ url: 'http://127.0.0.1:1', credential: 'kwo_none', retries: 0 })
  await assert.rejects(api.whoami({ signal: new AbortController().signal }), { code: 'unreachable' })
})

// What nobody holds on to is collected, and with it what was to end the waiting.
test('a server that never answers is given up in time, by the verifier and by the client', {
  timeout: 60_000,
}, async () => {
  setFlagsFromString('--expose-gc')
  const collecting = setInterval(runInNewContext('gc'), 50)
  const silent = createServer(() => {})
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${silent.address().port}`
  const keys = remote({ url, serviceKey: 'kwo_none' })
  const { credential } = await issue(acme.lifecycle, testActor, { organization: 'acme', name: 'test' })
  const verifier = createVerifier({ contract: hopx, keys })
  const api = new Keywright({ url, credential: 'kwo_none', retries: 0, timeoutMs: 1_000 })
  await Promise.all([
    assert.rejects(async () => verifier.verify({ credential }), { code: 'stale' }),
    assert.rejects(api.whoami({ signal: new AbortController().signal }), { code: 'timed_out' }),
  ])
  await keys.close()
  silent.closeAllConnections()
  silent.close()
  clearInterval(collecting)
})
