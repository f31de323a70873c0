/** Those that are asked for at once are read at once: a node reads the keys that its last poll has told of. */
export function readTogether<T>(
  read: (ids: string[]) => Promise<Map<string, T>>,
): (id: string) => Promise<T | undefined> {
  let next: { ids: Set<string>; answer: Promise<Map<string, T>> } | null = null

  function begin() {
    const ids = new Set<string>()
    const answer = Promise.resolve().then(() => {
      next = null
      return read([...ids])
    })
    return { ids, answer }
  }

  return async (id) => {
    next ??= begin()
    const { ids, answer } = next
    ids.add(id)
    return (await answer).get(id)
  }
}
