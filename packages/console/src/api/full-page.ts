export const pageSize = 50

interface Part {
  nextCursor: string | null
}

/** From `cursor` on. What is searched, or asked for by several filters, may come in parts that are short, or empty, and go on. */
export async function fullPage<P extends Part, Item>(
  cursor: string | undefined,
  ask: (wanted: { cursor: string | undefined; limit: number }) => Promise<P>,
  itemsOf: (part: P) => readonly Item[],
): Promise<{ items: Item[]; nextCursor: string | null }> {
  let part = await ask({ cursor, limit: pageSize })
  const items = [...itemsOf(part)]
  while (part.nextCursor !== null && items.length < pageSize) {
    part = await ask({ cursor: part.nextCursor, limit: pageSize - items.length })
    items.push(...itemsOf(part))
  }
  return { items, nextCursor: part.nextCursor }
}
