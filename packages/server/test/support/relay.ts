import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** The same database, by a way whose every connection is watched: `watch` may cut it at what is sent to the database. */
export async function relayTo(database: string, watch: (near: Socket, far: Socket) => (data: Buffer) => void) {
  const relay = createServer((near) => {
    const far = connect(Number(new URL(database).port), '127.0.0.1')
    const heed = watch(near, far)
    near.on('data', (data) => {
      heed(data)
      if (!near.destroyed) far.write(data)
    })
    // Either may leave while the other still speaks, as a client does that is stopped in the middle of an answer.
    near.on('error', () => {}).on('close', () => far.destroy())
    far.on('error', () => {}).on('close', () => near.destroy())
    far.pipe(near)
  })
  await once(relay.listen(0, '127.0.0.1'), 'listening')
  return { relay, url: Object.assign(new URL(database), { port: (relay.address() as AddressInfo).port }).href }
}
