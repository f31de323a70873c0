/**
 * What is asked for at once is done at once: a node reads the keys that its last poll has told of with one statement, and
 * a bulk call writes a hundred.
 */
export function together<Item, Answer>(
  work: (items: Item[]) => Promise<(item: Item) => Answer>,
): (item: Item) => Promise<Answer> {
  let next: { items: Item[]; answer: Promise<(item: Item) => Answer> } | null = null

  function begin() {
    const items: Item[] = []
    const answer = Promise.resolve().then(() => {
      next = null
      return work(items)
    })
    return { items, answer }
  }

  return async (item) => {
    next ??= begin()
    const { items, answer } = next
    items.push(item)
    return (await answer)(item)
  }
}
