import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintServiceKey } from '../src/access/service-key-format.ts'
import { connectTo } from './support/connect-to.ts'
import { startUpstream, type Upstream } from './support/echo-upstream.ts'
import { type TestPostgres, testPostgres } from './support/postgres.ts'
import { startServer, type TestServer } from './support/start-server.ts'

describe('callers who leave while the database is slow', () => {
  let postgres: TestPostgres
  let database: string
  let upstream: Upstream
  let server: TestServer
  let asked: string[]

  beforeAll(async () => {
    postgres = await testPostgres()
    database = await postgres.createDatabase()
    upstream = await startUpstream(
      (request, response) => {
        asked.push(request.url ?? '')
        response.end('done')
      },
      (request, socket) => {
        asked.push(request.url ?? '')
        socket.on('error', () => socket.destroy())
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
      },
    )
    const env = { KEYWRIGHT_SECRET: 'a-secret-of-the-tests-with-many-characters' }
    server = await startServer({ contract: 'keywright', upstream: upstream.url, database, env })
  }, 60_000)
  afterAll(async () => {
    await server.stop()
    await upstream.stop()
    await postgres.stop()
  }, 60_000)

  it.each([
    ['requests', 'GET /left', []],
    ['handshakes', 'GET /left', ['Connection: Upgrade', 'Upgrade: websocket']],
  ])('leave nothing behind at the upstream: %s', { timeout: 30_000 }, async (_, line, fields) => {
    asked = []
    const { credential } = await server.issue({ limits: [] })
    const authorization = `Bearer ${credential}`
    const release = await lockKeys()
    const head = [`${line} HTTP/1.1`, 'Host: a', `Authorization: ${authorization}`, ...fields]
    await Promise.all(Array.from({ length: 10 }, () => sendAndLeave(`${head.join('\r\n')}\r\n\r\n`)))
    await release()
    const headers = { authorization }
    expect((await fetch(`${server.edge}/stayed`, { headers })).status).toBe(200)
    expect(asked).toEqual(['/stayed'])
  })

  it('hide no error of ours, which is in the log all the same', { timeout: 30_000 }, async () => {
    const holder = new Client({ connectionString: database })
    await holder.connect()
    await holder.query('begin; lock table kw_service_keys in access exclusive mode')
    const fields = [`Authorization: Bearer ${mintServiceKey().credential}`, 'Content-Length: 0']
    await sendAndLeave(`POST /v1/verify HTTP/1.1\r\nHost: a\r\n${fields.join('\r\n')}\r\n\r\n`, server.control)
    await holder.query('alter table kw_service_keys rename to kw_elsewhere; commit')
    await expect.poll(() => server.log()).toContain('a request to the control side could not be handled')
    await holder.query('alter table kw_elsewhere rename to kw_service_keys')
    await holder.end()
  })

  /** Whoever reads a key waits until `release` is called. */
  async function lockKeys(): Promise<() => Promise<void>> {
    const holder = new Client({ connectionString: database })
    await holder.connect()
    await holder.query('begin; lock table kw_keys in access exclusive mode')
    return async () => {
      await holder.query('rollback')
      await holder.end()
    }
  }

  async function sendAndLeave(bytes: string, to = server.edge): Promise<void> {
    const socket = connectTo(to)
    socket.on('error', () => {})
    socket.write(bytes)
    await pause(200)
    socket.resetAndDestroy()
    await once(socket, 'close')
    await pause(100)
  }
})
