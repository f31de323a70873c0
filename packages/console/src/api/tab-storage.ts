/** Until the tab is closed; where the browser is told to keep nothing of sites, until the page is loaded anew. */
export const tabStorage: Pick<Storage, 'getItem' | 'setItem' | 'clear'> = open()

function open() {
  try {
    return sessionStorage
  } catch {
    const kept = new Map<string, string>()
    return {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, text: string) => void kept.set(name, text),
      clear: () => kept.clear(),
    }
  }
}
