import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'

/** The same database, by a way that is cut once it has been told to commit that somebody takes a place. */
export async function cutAtTheCommit(database: string) {
  const relay = createServer((near) => {
    const far = connect(Number(new URL(database).port), '127.0.0.1')
    let takesPlace = false
    near.on('data', (data) => {
      takesPlace ||= data.includes('insert into "kw_members"')
      if (takesPlace && data.includes('commit')) {
        far.unpipe(near)
        far.once('data', () => near.destroy()).resume()
      }
      far.write(data)
    })
    near.on('close', () => far.destroy())
    far.pipe(near)
  })
  await once(relay.listen(0, '127.0.0.1'), 'listening')
  return { relay, url: Object.assign(new URL(database), { port: (relay.address() as AddressInfo).port }).href }
}
