import { everyPage, type Role, type Store } from '@keywright/core'

/** Every organization a person belongs to, and as what. */
export async function placesOf(store: Pick<Store, 'members'>, user: string): Promise<Map<string, Role>> {
  const places = new Map<string, Role>()
  for await (const members of everyPage((page) => store.members({ user, ...page }))) {
    for (const { organization, role } of members) places.set(organization, role)
  }
  return places
}
