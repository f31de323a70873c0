/** More than this nobody looks through, and asking for it page by page would take long. */
export const mostRead = 2_000

export interface All<T> {
  items: T[]
  /** false: there are more than `mostRead`. */
  isAll: boolean
}

/** Page after page, as a list of the client goes by itself. */
export async function readAll<T>(list: AsyncIterable<T>): Promise<All<T>> {
  const items: T[] = []
  for await (const item of list) {
    if (items.length === mostRead) return { items, isAll: false }
    items.push(item)
  }
  return { items, isAll: true }
}
