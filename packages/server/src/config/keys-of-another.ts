import type { Contract, Store } from '@keywright/core'

const looked = 20

/**
 * What to say where the newest keys were issued under another contract, whose holders are all refused; null: they were not,
 * as far as can be seen. A key that was imported by its digest may have any hint, or none.
 */
export async function keysOfAnother(store: Pick<Store, 'keys'>, { key, name }: Contract): Promise<string | null> {
  const { items } = await store.keys({ descending: true, limit: looked })
  const hints = items.flatMap(({ versions, revokedAt }) => (revokedAt === null ? [versions.at(-1)?.hint ?? ''] : []))
  const telling = hints.filter((hint) => /^\w+_/.test(hint))
  const [newest] = telling
  if (newest === undefined) return null
  if (telling.some((hint) => key.forms.some(({ prefix }) => hint.startsWith(prefix)))) return null
  return `the newest keys here, such as ${newest}, are in no form of the contract ${name}, and are refused: start with the contract they were issued under, or add their form to this one`
}
