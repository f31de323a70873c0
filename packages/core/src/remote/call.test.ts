import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createCall } from './call.ts'

const sockets: Socket[] = []
const server = createServer((socket) => {
  sockets.push(socket)
  socket.on('error', () => {})
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server.close()
})

describe('a call to a server', () => {
  it('is over in its time, also where it is answered as none of its kind is', async () => {
    server.on('connection', (socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
      }),
    )
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const call = createCall({ url: new URL(`http://127.0.0.1:${port}`), serviceKey: 'kwo_x' })
    const asked = call({ method: 'GET', path: '/v1/changes', timeoutMs: 50 })
    await expect(asked).rejects.toMatchObject({ code: 'remote_unreachable' })
  })
})
