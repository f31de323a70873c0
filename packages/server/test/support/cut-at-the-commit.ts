import { relayTo } from './relay.ts'

/** The same database, by a way that is cut once it has been told to commit that somebody takes a place. */
export const cutAtTheCommit = (database: string) =>
  relayTo(database, (near, far) => {
    let takesPlace = false
    return (data) => {
      takesPlace ||= data.includes('insert into "kw_members"')
      if (takesPlace && data.includes('commit')) {
        far.unpipe(near)
        far.once('data', () => near.destroy()).resume()
      }
    }
  })
