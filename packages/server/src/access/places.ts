import type { Role, Store } from '@keywright/core'

/** Every organization a person belongs to, and as what. */
export async function placesOf(store: Pick<Store, 'members'>, user: string): Promise<Map<string, Role>> {
  const places = new Map<string, Role>()
  let after: string | undefined
  do {
    const page = await store.members({ user, ...(after !== undefined && { after }), limit: 200 })
    for (const { organization, role } of page.items) places.set(organization, role)
    after = page.next ?? undefined
  } while (after !== undefined)
  return places
}
